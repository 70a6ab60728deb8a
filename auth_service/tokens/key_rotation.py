"""New signing keys, without a moment in which a good token is refused."""

from collections.abc import Callable
from datetime import datetime, timedelta

from auth_service.repository import Repository, Store
from auth_service.tokens.key_ring import KNOWN_BEFORE_SIGNING
from auth_service.tokens.signing_key import KeyPair, generate

# For clocks that differ and tokens under way.
SLACK = timedelta(minutes=1)


class Rotation:
    """A new key is published first and signs a few seconds later, when every replica knows it. The old one
    signs until then, and verifies until the last token that it signed has expired (ASVS 5.0 §13.3.4).
    """

    def __init__(self, store: Store, longest_token: timedelta, now: Callable[[], datetime]) -> None:
        self._store = store
        self._longest_token = longest_token
        self._now = now

    async def rotate(self) -> KeyPair:
        async with self._store.transaction() as repository:
            return await self.rotate_within(repository)

    async def rotate_within(self, repository: Repository) -> KeyPair:
        now = self._now()
        signs_from = now + KNOWN_BEFORE_SIGNING
        await repository.signing_keys.retire_all(signs_from, signs_from + self._longest_token + SLACK)
        key = generate()
        await repository.signing_keys.add(key, now, signs_from=signs_from)
        return key
