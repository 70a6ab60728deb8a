"""Mails about accounts. Those with secret links are asked for in one step and written in another.

Asking is the same single row whether or not the address is an account's: neither the answer nor its time
tells (ASVS 5.0 §6.3.8). Later, and for nobody to see, the request becomes a secret and an event in one
transaction, or nothing.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.mailer.mail_token import Purpose, fingerprint, new_secret
from auth_service.models import MailRequest, MailToken, User
from auth_service.repository import Repository, Store
from auth_service.sessions.revocation import Revoking
from shared.contracts.events import (
    EmailChanged,
    EmailVerificationRequested,
    Event,
    PasswordChanged,
    PasswordResetRequested,
)
from shared.errors import Unavailable
from shared.logs import bind_correlation, correlation_id, get_logger

log = get_logger(__name__)

AT_ONCE = 50
LOOK_EVERY_S = 5.0
WINDOW = timedelta(hours=1)

Notice = PasswordChanged | EmailChanged


class MailPolicy(msgspec.Struct, frozen=True):
    """How long links live, and how many mails of one kind an address gets in an hour. `verified_only`: what
    proves no address goes to proven ones alone.

    Who asks for more gets none, and is not told. Nobody is shut out by that: the links sent before live as
    long as the window in which they are counted.
    """

    lifetimes: dict[Purpose, timedelta]
    per_hour: int
    verified_only: bool = False

    def window(self, purpose: Purpose) -> timedelta:
        return min(WINDOW, self.lifetimes[purpose])


class Postman:
    """`announced` is called after an event has been stored, to have it published soon."""

    def __init__(
        self,
        *,
        store: Store,
        revoking: Revoking,
        policy: MailPolicy,
        now: Callable[[], datetime],
        announced: Callable[[], None],
    ) -> None:
        self._store = store
        self._revoking = revoking
        self._policy = policy
        self._now = now
        self._announced = announced
        self._woken = asyncio.Event()

    async def ask(self, repository: Repository, purpose: Purpose, address: str) -> None:
        """For a canonical address, whoever's it is. `wake` after the transaction spares it the wait."""
        await repository.mails.ask(purpose, address, correlation_id.get())

    async def tell(self, repository: Repository, notice: Notice, address: str, *, verified: bool) -> None:
        """Of a change, in its transaction, so that nobody takes an account over unnoticed (ASVS 5.0 §6.3.7).

        `address` is the canonical form of the notice's recipient.
        """
        if self._policy.verified_only and not verified:
            return
        now = self._now()
        sent = await repository.tallies.add(_mails_of(notice.type, address), now, now + WINDOW, moving=False)
        if sent > self._policy.per_hour:
            log.warning("mail withheld: too many", account=notice.user_id, purpose=notice.type)
            return
        await self._revoking.announce(repository, notice, UUID(notice.user_id))

    def wake(self) -> None:
        self._woken.set()

    async def run(self) -> None:
        """Until cancelled; what fails is tried again at the next round."""
        while True:
            self._woken.clear()
            try:
                if await self.round():
                    continue
            except Unavailable:
                log.warning("mails wait: the database is away")
            except Exception:  # a postman that ended would strand every later mail
                log.exception("mails wait: a round broke")
            await self._idle()

    async def round(self) -> int:
        """Deals with some requests; how many there were."""
        async with self._store.transaction() as repository:
            requests = await repository.mails.take_requests(AT_ONCE)
            for request in requests:
                with bind_correlation(request.correlation_id):
                    await self._answer(repository, request)
        if requests:
            self._announced()
        return len(requests)

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _answer(self, repository: Repository, request: MailRequest) -> None:
        purpose, now = Purpose(request.purpose), self._now()
        user = await repository.users.by_address(request.address)
        if user is None or not _wanted(user, purpose):
            return
        forget_at = now + self._policy.window(purpose)
        counted = _mails_of(request.purpose, request.address)
        sent = await repository.tallies.add(counted, now, forget_at, moving=False)
        if sent > self._policy.per_hour:
            log.warning("mail withheld: too many", account=str(user.id), purpose=purpose)
            return
        await self._write(repository, user, purpose, now)

    async def _write(self, repository: Repository, user: User, purpose: Purpose, now: datetime) -> None:
        secret, expires = new_secret(), now + self._policy.lifetimes[purpose]
        token = MailToken(
            fingerprint=fingerprint(secret, purpose),
            purpose=purpose,
            user_id=user.id,
            address=user.email_canonical,
            created_at=now,
            expires_at=expires,
        )
        await repository.mails.add_token(token)
        await self._revoking.announce(repository, _event(purpose, user, secret, expires), user.id)


def _wanted(user: User, purpose: Purpose) -> bool:
    if user.disabled_at is not None:
        return False
    return purpose is Purpose.RESET_PASSWORD or user.email_verified_at is None


def _event(purpose: Purpose, user: User, secret: str, expires: datetime) -> Event:
    kind = EmailVerificationRequested if purpose is Purpose.VERIFY_EMAIL else PasswordResetRequested
    return kind(user_id=str(user.id), recipient=user.email, token=secret, expires_at=expires)


def _mails_of(kind: str, address: str) -> bytes:
    return hashlib.sha256(f"mail\n{kind}\n{address}".encode()).digest()
