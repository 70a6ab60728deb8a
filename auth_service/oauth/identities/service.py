"""Linked identities of an account: listing and unlinking by its owner."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from auth_service.database.engine import Database
from auth_service.errors import OnlyLoginMethod
from auth_service.oauth.identities.model import LinkedIdentity
from auth_service.oauth.identities.repository import IdentityRepository
from auth_service.oauth.repository import HandoverRepository
from auth_service.users.repository import UserRepository
from shared.errors import InvalidToken, NotFound


class LinkedIdentities:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(self, user_id: UUID) -> Sequence[LinkedIdentity]:
        """The identities of an account, oldest first, including those of providers that are no longer
        configured.
        """
        async with self._database.transaction() as transaction:
            return await IdentityRepository(transaction).list(user_id)

    async def unlink(self, user_id: UUID, name: str) -> None:
        """Removes a link, named by its `public_id`, and pending handover codes. Raises NotFound,
        OnlyLoginMethod.

        A later login at the provider with a verified address links the identity again.
        """
        async with self._database.transaction() as transaction:
            user = await UserRepository(transaction).lock(user_id)
            if user is None:
                raise InvalidToken
            identities = IdentityRepository(transaction)
            linked = await identities.list(user_id)
            found = next((each for each in linked if public_id(each) == name), None)
            if found is None:
                raise NotFound
            if user.password_hash is None and len(linked) == 1:
                raise OnlyLoginMethod
            await identities.unlink(found.issuer, found.subject)
            await HandoverRepository(transaction).delete_all(user_id)


def public_id(identity: LinkedIdentity) -> str:
    """A stable id of 32 hexadecimal digits, which does not reveal the subject at the provider."""
    return hashlib.sha256(f"{identity.issuer}\n{identity.subject}".encode()).hexdigest()[:32]
