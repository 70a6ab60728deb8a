"""The sweeper of expired rows."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from auth_service.audit.activity.repository import ActivityRepository
from auth_service.database.engine import Database
from auth_service.factors.repository import ChallengeRepository, FactorRepository
from auth_service.factors.service import PENDING_LIFETIME
from auth_service.mailer.repository import MailTokenRepository
from auth_service.sessions.repository import PendingLoginRepository, RefreshTokenRepository, SessionRepository
from auth_service.throttle.repository import CounterRepository, KnownNetworkRepository
from auth_service.tokens.repository import SigningKeyRepository
from shared.errors import Unavailable
from shared.logs import get_logger

# Expired sessions are kept for a while, for investigations.
SESSIONS_KEPT = timedelta(days=7)
SESSIONS_PER_BATCH = 200
# A refresh token reused after this time is refused without revoking its session. Kept forever, a session that
# is refreshed all the time would leave rows for as long as it exists.
SPENT_TOKENS_KEPT = timedelta(days=7)
SPENT_TOKENS_PER_BATCH = 1000
ACTIVITY_PER_BATCH = 1000
# A network without a login for this long counts as unknown again.
NETWORKS_KEPT = timedelta(days=90)

INTERVAL_S = 600.0
BATCH_PAUSE_S = 1.0


class Sweeper:
    """Deletes expired rows in small batches. The activity log is kept for `activity_keep`."""

    def __init__(self, database: Database, activity_keep: timedelta, now: Callable[[], datetime]) -> None:
        self._database = database
        self._activity_keep = activity_keep
        self._now = now

    async def run(self) -> None:
        """Sweeps every INTERVAL_S until cancelled; a failed sweep is repeated at the next interval."""
        while True:
            pause = INTERVAL_S
            try:
                if await self.sweep():
                    pause = BATCH_PAUSE_S
            except Unavailable:
                get_logger(__name__).warning("expired rows not deleted", retry_in_s=pause)
            await asyncio.sleep(pause)

    async def sweep(self) -> bool:
        """Deletes one batch; returns True if more expired rows may remain."""
        now = self._now()
        async with self._database.transaction() as transaction:
            await CounterRepository(transaction).purge(now)
            await MailTokenRepository(transaction).purge(now)
            await SigningKeyRepository(transaction).purge(now)
            await KnownNetworkRepository(transaction).purge(now - NETWORKS_KEPT)
            await PendingLoginRepository(transaction).purge(now)
            await ChallengeRepository(transaction).purge(now)
            await FactorRepository(transaction).purge_pending(now - PENDING_LIFETIME)
        async with self._database.transaction() as transaction:
            sessions = await SessionRepository(transaction).purge(now - SESSIONS_KEPT, SESSIONS_PER_BATCH)
        async with self._database.transaction() as transaction:
            refresh_tokens = RefreshTokenRepository(transaction)
            spent = await refresh_tokens.purge_spent(now - SPENT_TOKENS_KEPT, SPENT_TOKENS_PER_BATCH)
        async with self._database.transaction() as transaction:
            activity = ActivityRepository(transaction)
            events = await activity.purge(now - self._activity_keep, ACTIVITY_PER_BATCH)
        full = (SESSIONS_PER_BATCH, SPENT_TOKENS_PER_BATCH, ACTIVITY_PER_BATCH)
        return any(count >= batch for count, batch in zip((sessions, spent, events), full, strict=True))
