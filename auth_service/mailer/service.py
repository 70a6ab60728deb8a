"""Account mails: requests for mails with links, and notices of changes.

A request stores the same single row whether or not the address has an account, so neither the response nor
its time reveals one (ASVS 5.0 §6.3.8). The background task then turns each request into a token and an event
in one transaction, or into nothing. notification_service sends the mail.
"""

import asyncio
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from auth_service.audit.activity.event import Event as ActivityEvent
from auth_service.database.engine import Database, Transaction
from auth_service.database.outbox import EventWriter
from auth_service.mailer.mail_token import Purpose, fingerprint, new_secret
from auth_service.mailer.model import MailRequest, MailToken
from auth_service.mailer.repository import MailRequestRepository, MailTokenRepository
from auth_service.throttle.repository import CounterRepository
from auth_service.users.address import canonical
from auth_service.users.model import User
from auth_service.users.repository import UserRepository
from shared.contracts.events import (
    EmailChanged,
    EmailVerificationRequested,
    Event,
    PasswordChanged,
    PasswordRemoved,
    PasswordResetRequested,
    SecurityEventOccurred,
)
from shared.errors import Unavailable
from shared.logs import bind_correlation, correlation_id, get_logger
from shared.mailbox import mailbox_digest

log = get_logger(__name__)

BATCH_SIZE = 50
POLL_INTERVAL_S = 5.0
WINDOW = timedelta(hours=1)
# A mailbox gets as many mails as this number of addresses, while they are not verified.
ADDRESSES_OF_A_MAILBOX = 3

Notice = PasswordChanged | PasswordRemoved | EmailChanged | SecurityEventOccurred


class MailPolicy(msgspec.Struct, frozen=True):
    """Lifetimes of links, and the number of mails of one kind that an address gets per hour.

    Further mails are withheld silently. The links mailed before live at least as long as the counting window,
    so this locks out no one. `verified_only`: notices are sent to verified addresses only.
    """

    lifetimes: dict[Purpose, timedelta]
    per_hour: int
    verified_only: bool = False

    def window(self, purpose: Purpose) -> timedelta:
        return min(WINDOW, self.lifetimes[purpose])


class AccountMailer:
    def __init__(
        self, *, database: Database, events: EventWriter, policy: MailPolicy, now: Callable[[], datetime]
    ) -> None:
        self._database = database
        self._events = events
        self._policy = policy
        self._now = now
        self._woken = asyncio.Event()

    async def request(self, transaction: Transaction, purpose: Purpose, address: str) -> None:
        """Requests a mail to a canonical address. `wake` after commit processes it without delay."""
        await MailRequestRepository(transaction).add(purpose, address, correlation_id.get())

    async def request_change(self, transaction: Transaction, user: User, address: str) -> None:
        """Requests a mail to the canonical address that an account asks for. Whether the address has an
        account is looked up later, so that neither the response nor its time reveals it.
        """
        requests = MailRequestRepository(transaction)
        await requests.add(Purpose.CHANGE_EMAIL, address, correlation_id.get(), user.id)

    async def notify(
        self,
        transaction: Transaction,
        notice: Notice,
        address: str,
        *,
        verified: bool,
        event_id: str | None = None,
    ) -> None:
        """Announces a change in its own transaction, so that no takeover goes unnoticed (ASVS 5.0 §6.3.7).

        `address` is the canonical form of the notice's recipient. With the same `event_id` one mail is sent.
        """
        if self._policy.verified_only and not verified:
            return
        now = self._now()
        kind = f"{notice.type}/{notice.event}" if isinstance(notice, SecurityEventOccurred) else notice.type
        if not await self._is_within_limit(transaction, kind, address, now + WINDOW, notice.user_id):
            return
        if verified or await self._has_room(transaction, "notices", address, now + WINDOW, notice.user_id):
            written = msgspec.structs.replace(notice, recipient_verified=verified)
            await self._events.write(transaction, written, UUID(notice.user_id), event_id)

    async def notify_of(
        self, transaction: Transaction, event: ActivityEvent, user: User, event_id: str | None = None
    ) -> None:
        """Announces an event of an account's security to its present address."""
        notice = SecurityEventOccurred(
            user_id=str(user.id), recipient=user.email, event=event, occurred_at=self._now()
        )
        verified = user.email_verified_at is not None
        await self.notify(transaction, notice, user.email_canonical, verified=verified, event_id=event_id)

    def wake(self) -> None:
        """Makes `run` process requests now."""
        self._woken.set()

    async def run(self) -> None:
        """Processes requests until cancelled; failures are retried after POLL_INTERVAL_S."""
        while True:
            self._woken.clear()
            try:
                if await self.process_requests():
                    continue
            except Unavailable:
                log.warning("mail requests not processed: database unavailable")
            except Exception:  # the task must survive, or no more mails would be sent
                log.exception("mail requests not processed: unexpected error")
            await self._idle()

    async def process_requests(self) -> int:
        """Processes up to BATCH_SIZE requests; returns their number."""
        async with self._database.transaction() as transaction:
            requests = await MailRequestRepository(transaction).take(BATCH_SIZE)
            for request in requests:
                with bind_correlation(request.correlation_id):
                    await self._process(transaction, request)
        if requests:
            self._events.wake_relay()
        return len(requests)

    async def _idle(self) -> None:
        try:
            async with asyncio.timeout(POLL_INTERVAL_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _process(self, transaction: Transaction, request: MailRequest) -> None:
        purpose, now = Purpose(request.purpose), self._now()
        users = UserRepository(transaction)
        holder = await users.find_by_address(request.address)
        user = await users.find(request.user_id) if request.user_id else holder
        if user is None or not _is_applicable(user, purpose, request.address):
            return
        until = now + self._policy.window(purpose)
        if not await self._is_within_limit(transaction, purpose, request.address, until, str(user.id)):
            return
        is_proven = purpose is Purpose.RESET_PASSWORD and user.email_verified_at is not None
        if not is_proven and not await self._has_room(
            transaction, purpose, request.address, until, str(user.id)
        ):
            return
        if purpose is Purpose.CHANGE_EMAIL and holder is not None:
            if holder.disabled_at is None:
                await self.notify_of(transaction, ActivityEvent.EMAIL_IN_USE, holder)
            return
        secret, expires_at = new_secret(), now + self._policy.lifetimes[purpose]
        token = MailToken(
            fingerprint=fingerprint(secret, purpose),
            purpose=purpose,
            user_id=user.id,
            address=request.address,
            created_at=now,
            expires_at=expires_at,
        )
        await MailTokenRepository(transaction).insert(token)
        await self._events.write(transaction, _event(purpose, user, secret, expires_at), user.id)

    async def _is_within_limit(
        self, transaction: Transaction, kind: str, address: str, until: datetime, account: str
    ) -> bool:
        """Counts a mail of this kind to the address, in a window that ends at `until`."""
        most = self._policy.per_hour
        return await self._count(transaction, kind, address, until, account=account, most=most)

    async def _has_room(
        self, transaction: Transaction, kind: str, address: str, until: datetime, account: str
    ) -> bool:
        """Counts a mail to an unverified address for its mailbox: its tags may have many accounts."""
        most = ADDRESSES_OF_A_MAILBOX * self._policy.per_hour
        kind, target = f"{kind}/mailbox", mailbox_digest(address)
        return await self._count(transaction, kind, target, until, account=account, most=most)

    async def _count(
        self, transaction: Transaction, kind: str, target: str, until: datetime, *, account: str, most: int
    ) -> bool:
        key = hashlib.sha256(f"mail\n{kind}\n{target}".encode()).digest()
        sent = await CounterRepository(transaction).increment(key, self._now(), until, sliding=False)
        if sent > most:
            log.warning("mail withheld: hourly limit reached", account=account, purpose=kind)
        return sent <= most


def _is_applicable(user: User, purpose: Purpose, address: str) -> bool:
    if user.disabled_at is not None:
        return False
    match purpose:
        case Purpose.RESET_PASSWORD:
            return True
        case Purpose.VERIFY_EMAIL:
            return user.email_verified_at is None
        case Purpose.CHANGE_EMAIL:
            return user.pending_email is not None and canonical(user.pending_email) == address


def _event(purpose: Purpose, user: User, secret: str, expires_at: datetime) -> Event:
    kind = PasswordResetRequested if purpose is Purpose.RESET_PASSWORD else EmailVerificationRequested
    pending = user.pending_email if purpose is Purpose.CHANGE_EMAIL else None
    is_verified = purpose is Purpose.RESET_PASSWORD and user.email_verified_at is not None
    return kind(
        user_id=str(user.id),
        recipient=pending or user.email,
        token=secret,
        expires_at=expires_at,
        # Declining an address that is only asked for would not close the account.
        recipient_verified=None if purpose is Purpose.CHANGE_EMAIL else is_verified,
    )
