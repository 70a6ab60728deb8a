"""Account linking: finds, links or creates the account of a provider identity."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Transaction
from auth_service.mailer.service import AccountMailer
from auth_service.oauth.account_claim import AccountClaim
from auth_service.oauth.errors import AccountDisabled, AddressNotVerified, OtherIdentity
from auth_service.oauth.providers.ports import Identity
from auth_service.oauth.repository import IdentityRepository
from auth_service.throttle.client import Client
from auth_service.users.address import BadAddress, parse_address
from auth_service.users.model import NEW_ACCOUNT_ROLES, User
from auth_service.users.repository import UserRepository
from shared.contracts.events import PasswordRemoved


class ConcurrentChange(Exception):
    """Another transaction has created the same account or link; the caller must retry its transaction."""


@dataclass(frozen=True, kw_only=True)
class AccountLinker:
    account_claim: AccountClaim
    mailer: AccountMailer
    activity: ActivityLog
    now: Callable[[], datetime]
    new_id: Callable[[], UUID]

    async def find_or_link(self, transaction: Transaction, identity: Identity, client: Client) -> User:
        """The account of a provider identity, linked or created if necessary, and locked against changes.

        Raises ConcurrentChange, AddressNotVerified, OtherIdentity, AccountDisabled.
        """
        identities = IdentityRepository(transaction)
        user = await identities.share_lock_owner(identity.issuer, identity.subject)
        if user is None:
            return await self._link(transaction, identity, client)
        _refuse_disabled(user)
        await identities.touch(identity.issuer, identity.subject, self.now())
        return user

    async def _link(self, transaction: Transaction, identity: Identity, client: Client) -> User:
        """Links an identity to the account with its address, which must be verified at the provider (ASVS 5.0
        §6.8.1). Where it was never verified here, the account may be an attacker's: its access ends.
        """
        users, identities = UserRepository(transaction), IdentityRepository(transaction)
        email, address = _verified_address(identity)
        user = await users.lock_by_address(address)
        if user is None:
            user = self._new_user(email, address)
            if not await users.add(user):
                raise ConcurrentChange
        _refuse_disabled(user)
        if user.email_verified_at is None:
            await self._claim(transaction, user)
        linked = await identities.find_subject(identity.issuer, user.id)
        if linked not in {None, identity.subject}:
            raise OtherIdentity
        now = self.now()
        if linked or not await identities.link(identity.issuer, identity.subject, user.id, now):
            raise ConcurrentChange
        details = {"issuer": identity.issuer}
        await self.activity.record(transaction, Event.IDENTITY_LINKED, user.id, client, details=details)
        return user

    async def _claim(self, transaction: Transaction, user: User) -> None:
        await self.account_claim.claim(transaction, user)
        if user.password_hash is None:
            return
        user.password_hash = None
        notice = PasswordRemoved(user_id=str(user.id), recipient=user.email, changed_at=self.now())
        await self.mailer.notify(transaction, notice, user.email_canonical, verified=True)

    def _new_user(self, email: str, address: str) -> User:
        now = self.now()
        return User(
            id=self.new_id(),
            email=email,
            email_canonical=address,
            email_verified_at=now,
            password_hash=None,
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=now,
        )


def _verified_address(identity: Identity) -> tuple[str, str]:
    """The address as given by the provider, and its canonical form. Raises AddressNotVerified."""
    if identity.email is None or not identity.email_verified:
        raise AddressNotVerified
    try:
        address = parse_address(identity.email)
    except BadAddress:
        raise AddressNotVerified from None
    return address.written, address.canonical


def _refuse_disabled(user: User) -> None:
    """Raises AccountDisabled, which reveals the state only after the identity has been proven."""
    if user.disabled_at is not None:
        raise AccountDisabled
