"""Which providers open an account: listed and taken away by its owner."""

import hashlib
from collections.abc import Sequence
from uuid import UUID

from auth_service.errors import OnlyWayIn, TokenRefused
from auth_service.models import LinkedIdentity
from auth_service.repository import Store
from shared.errors import NotFound


class OwnIdentities:
    def __init__(self, store: Store) -> None:
        self._store = store

    async def of(self, user_id: UUID) -> Sequence[LinkedIdentity]:
        """The oldest first, also of providers that are not configured any more."""
        async with self._store.transaction() as repository:
            return await repository.identities.of(user_id)

    async def unlink(self, user_id: UUID, name: str) -> None:
        """That identity does not sign in any more, nor does a one-time code. Raises NotFound, OnlyWayIn.

        Who signs in there again with an address that both sides have verified is linked again, as the first
        time: what is undone here is the link, not the proof.
        """
        async with self._store.transaction() as repository:
            user = await repository.users.locked(user_id)
            if user is None:
                raise TokenRefused
            linked = await repository.identities.of(user_id)
            found = next((each for each in linked if public_id(each) == name), None)
            if found is None:
                raise NotFound
            if user.password_hash is None and len(linked) == 1:
                raise OnlyWayIn
            await repository.identities.unlink(found.issuer, found.subject)
            await repository.attempts.forget(user_id)


def public_id(identity: LinkedIdentity) -> str:
    """32 hexadecimal digits, the same each time; the provider's own name for somebody stays inside."""
    return hashlib.sha256(f"{identity.issuer}\n{identity.subject}".encode()).hexdigest()[:32]
