"""Whose account an identity opens: the one it is linked to, the one with its address, or a new one."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from auth_service.accounts.registration import NEW_ACCOUNT_ROLES
from auth_service.models import User
from auth_service.oauth.errors import AddressNotVerified, Disabled, NotLinked, OtherIdentity
from auth_service.oauth.providers.ports import Identity
from auth_service.repository import Repository
from auth_service.users.address import BadAddress, canonical


class Overtaken(Exception):
    """Another transaction got in between."""


class Linking:
    def __init__(self, *, now: Callable[[], datetime], new_id: Callable[[], UUID]) -> None:
        self._now = now
        self._new_id = new_id

    async def account(self, repository: Repository, identity: Identity) -> User:
        """Within the caller's transaction, which has to begin anew after Overtaken.

        Raises Overtaken, AddressNotVerified, NotLinked, OtherIdentity, Disabled.
        """
        user = await repository.identities.owner(identity.issuer, identity.subject)
        if user is None:
            return await self._link(repository, identity)
        _refuse_disabled(user)
        await repository.identities.used(identity.issuer, identity.subject, self._now())
        return user

    async def _link(self, repository: Repository, identity: Identity) -> User:
        """Both sides must have proven the address, or neither could tell whose it is (ASVS 5.0 §6.8.1)."""
        email, address = _verified(identity)
        user = await repository.identities.namesake(address)
        if user is None:
            user = self._new(email, address)
            if not await repository.users.add(user):
                raise Overtaken
        _refuse_disabled(user)
        if user.email_verified_at is None:
            raise NotLinked
        linked = await repository.identities.subject(identity.issuer, user.id)
        if linked not in {None, identity.subject}:
            raise OtherIdentity
        now = self._now()
        if linked or not await repository.identities.link(identity.issuer, identity.subject, user.id, now):
            raise Overtaken
        return user

    def _new(self, email: str, address: str) -> User:
        now = self._now()
        return User(
            id=self._new_id(),
            email=email,
            email_canonical=address,
            email_verified_at=now,
            password_hash=None,
            roles=list(NEW_ACCOUNT_ROLES),
            created_at=now,
        )


def _verified(identity: Identity) -> tuple[str, str]:
    """As it is written, and as it is unique."""
    if identity.email is None or not identity.email_verified:
        raise AddressNotVerified
    try:
        return identity.email, canonical(identity.email)
    except BadAddress:
        raise AddressNotVerified from None


def _refuse_disabled(user: User) -> None:
    """Said only to whoever has proven to be its owner."""
    if user.disabled_at is not None:
        raise Disabled
