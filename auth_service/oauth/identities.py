"""Linked identities of an account: listing and unlinking by its owner."""

import hashlib
from collections.abc import Mapping
from uuid import UUID

from auth_service.audit.activity.caller import Caller
from auth_service.audit.activity.event import Event
from auth_service.audit.activity.service import ActivityLog
from auth_service.database.engine import Database
from auth_service.database.outbox import EventWriter
from auth_service.errors import OnlyLoginMethod
from auth_service.mailer.service import AccountMailer
from auth_service.oauth.model import LinkedIdentity
from auth_service.oauth.repository import HandoverRepository, IdentityRepository
from auth_service.sessions.repository import PendingLoginRepository
from auth_service.users.repository import UserRepository
from shared.contracts.oauth import IdentityList, ProviderIdentity
from shared.errors import InvalidToken, NotFound


class LinkedIdentities:
    """Identities of accounts; `names` are those of the configured providers, by issuer."""

    def __init__(
        self,
        database: Database,
        mailer: AccountMailer,
        activity: ActivityLog,
        events: EventWriter,
        names: Mapping[str, str],
    ) -> None:
        self._database = database
        self._mailer = mailer
        self._activity = activity
        self._events = events
        self._names = names

    async def list(self, user_id: UUID) -> IdentityList:
        """The identities of an account, oldest first, including those of providers that are no longer
        configured.
        """
        async with self._database.transaction() as transaction:
            linked = await IdentityRepository(transaction).list(user_id)
        return IdentityList(tuple(self._body(each) for each in linked))

    async def unlink(self, caller: Caller, name: str) -> None:
        """Removes a link, named by its `public_id`, and pending handover codes. Raises NotFound,
        OnlyLoginMethod.

        A later login at the provider with a verified address links the identity again.
        """
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).lock(caller.user_id)
            if user is None:
                raise InvalidToken
            identities = IdentityRepository(transaction)
            linked = await identities.list(user.id)
            found = next((each for each in linked if public_id(each) == name), None)
            if found is None:
                raise NotFound
            if user.password_hash is None and len(linked) == 1:
                raise OnlyLoginMethod
            await identities.unlink(found.issuer, found.subject)
            await HandoverRepository(transaction).delete_all(user.id)
            await PendingLoginRepository(transaction).delete_all(user.id)
            details = {"provider": self._names.get(found.issuer, found.issuer)}
            await self._activity.record_call(transaction, Event.IDENTITY_UNLINKED, caller, details)
            await self._mailer.notify_of(transaction, Event.IDENTITY_UNLINKED, user)
        self._events.wake_relay()

    def _body(self, identity: LinkedIdentity) -> ProviderIdentity:
        return ProviderIdentity(
            id=public_id(identity),
            provider=self._names.get(identity.issuer),
            issuer=identity.issuer,
            created_at=identity.created_at,
            last_used_at=identity.last_used_at,
        )


def public_id(identity: LinkedIdentity) -> str:
    """A stable id of 32 hexadecimal digits, which does not reveal the subject at the provider."""
    return hashlib.sha256(f"{identity.issuer}\n{identity.subject}".encode()).hexdigest()[:32]
