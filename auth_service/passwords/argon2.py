"""argon2id password hashes (RFC 9106)."""

import secrets
from typing import Any

import msgspec
from passlib.hash import argon2

from auth_service.passwords.policy import normalise


class Argon2Cost(msgspec.Struct, frozen=True):
    """Cost parameters; the defaults are OWASP's (Password Storage Cheat Sheet, 2025; ASVS 5.0 §11.4.2)."""

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


class PasswordHash:
    """argon2id at one cost. Each call takes tens of milliseconds of CPU: not for the event loop.

    `create` and `matches` raise PasswordTooLong.
    """

    def __init__(self, cost: Argon2Cost) -> None:
        self._argon2: Any = argon2.using(
            type="ID",
            memory_cost=cost.memory_kib,
            rounds=cost.passes,
            parallelism=cost.lanes,
            salt_size=16,
            digest_size=32,
        )
        # Verified against for unknown accounts, so that the response time does not reveal them.
        self._unmatchable: str = self._argon2.hash(secrets.token_urlsafe(32))

    def create(self, password: str) -> str:
        return str(self._argon2.hash(normalise(password)))

    def matches(self, password: str, stored: str | None) -> bool:
        """Verifies a password; does the same work whether or not there is a stored hash (ASVS 5.0 §6.3.8)."""
        same: bool = self._argon2.verify(normalise(password), stored or self._unmatchable)
        return same and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """True if `stored` was made at another cost."""
        return bool(self._argon2.needs_update(stored))
