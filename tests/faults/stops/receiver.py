"""Webhook receiver that answers after a random pause, so that stops find requests in flight."""

import asyncio
import random

from aiohttp import web

from tests.faults.webhook_receiver import Receiver

ANSWER_S = (0.0, 0.15)


class SlowReceiver(Receiver):
    """A Receiver that counts a message before it pauses."""

    def __init__(self, port: int, rng: random.Random) -> None:
        super().__init__(port)
        self._rng = rng

    async def _take(self, request: web.Request) -> web.Response:
        answer = await super()._take(request)
        await asyncio.sleep(self._rng.uniform(*ANSWER_S))
        return answer
