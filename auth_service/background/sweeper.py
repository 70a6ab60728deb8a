"""What is over is forgotten: sessions, secrets, counts, keys. A few at a time: nobody waits for it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from auth_service.repository import Store
from shared.errors import Unavailable
from shared.logs import get_logger

# Kept a while after their end, so that what happened can still be looked up.
SESSIONS_KEPT = timedelta(days=7)
SESSIONS_AT_ONCE = 200
# A refresh token that comes again after so long is refused, and no longer ends the session of whoever spent
# it: a session that is refreshed all the time must not leave rows for as long as it lives.
SPENT_TOKENS_KEPT = timedelta(days=7)
SPENT_TOKENS_AT_ONCE = 1000
# A network from which nobody has signed in for so long is as good as unknown.
NETWORKS_KEPT = timedelta(days=90)

EVERY_S = 600.0
PAUSE_S = 1.0


class Forgetting:
    def __init__(self, store: Store, now: Callable[[], datetime]) -> None:
        self._store = store
        self._now = now

    async def run(self) -> None:
        """For ever; what fails is done at the next round."""
        while True:
            pause = EVERY_S
            try:
                if await self.round():
                    pause = PAUSE_S
            except Unavailable:
                get_logger(__name__).warning("could not forget what is over", again_in_s=pause)
            await asyncio.sleep(pause)

    async def round(self) -> bool:
        """Whether there may be more that is over than goes at once."""
        now = self._now()
        async with self._store.transaction() as repository:
            await repository.tallies.forget(now)
            await repository.mails.forget_tokens(now)
            await repository.signing_keys.forget(now)
            await repository.users.forget_networks(now - NETWORKS_KEPT)
        async with self._store.transaction() as repository:
            sessions = await repository.sign_ins.forget(now - SESSIONS_KEPT, SESSIONS_AT_ONCE)
        async with self._store.transaction() as repository:
            spent = await repository.sign_ins.forget_spent(now - SPENT_TOKENS_KEPT, SPENT_TOKENS_AT_ONCE)
        return sessions >= SESSIONS_AT_ONCE or spent >= SPENT_TOKENS_AT_ONCE
