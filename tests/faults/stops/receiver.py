"""Webhook receiver that answers after a random pause, so that stops find requests in flight."""

import asyncio
import random

from aiohttp import web

from tests.faults.webhook_receiver import Receiver

ANSWER_S = (0.0, 0.15)
REFUSED_FOR_A_MOMENT = 0.05


class SlowReceiver(Receiver):
    """A Receiver that counts a message before it pauses, and refuses some when they come first."""

    def __init__(self, port: int, rng: random.Random) -> None:
        super().__init__(port)
        self._rng = rng
        self._seen: set[str] = set()

    async def _take(self, request: web.Request) -> web.Response:
        message = request.headers["webhook-id"]
        is_first = message not in self._seen
        self._seen.add(message)
        if is_first and self._rng.random() < REFUSED_FOR_A_MOMENT:
            answer = web.Response(status=503)
        else:
            answer = await super()._take(request)
        await asyncio.sleep(self._rng.uniform(*ANSWER_S))
        return answer
