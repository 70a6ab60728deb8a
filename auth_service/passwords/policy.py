"""Passwords: their one canonical form, which are too weak, and argon2id over them. Pure."""

import secrets
import unicodedata
from collections.abc import Collection
from importlib import resources
from typing import Protocol

import msgspec
from passlib.hash import argon2

MIN_CHARACTERS = 8
MAX_BYTES = 1024


class PasswordTooLong(ValueError):
    """More than MAX_BYTES of UTF-8 after normalisation; nothing is ever truncated."""


class PasswordTooWeak(ValueError):
    """Its message says what is wrong, in words for the one who chose it."""


class Argon2Cost(msgspec.Struct, frozen=True):
    """What one argon2id hash costs; the defaults are OWASP's (Password Storage Cheat Sheet, 2025; ASVS 5.0
    §11.4.2).
    """

    memory_kib: int = 19_456
    passes: int = 2
    lanes: int = 1


class _Argon2(Protocol):
    """The part of passlib's handler that is used here; passlib itself is untyped."""

    def hash(self, secret: str) -> str: ...
    def verify(self, secret: str, hash: str) -> bool: ...  # noqa: A002 - passlib's name
    def needs_update(self, hash: str) -> bool: ...  # noqa: A002 - passlib's name


class PasswordHash:
    """argon2id (RFC 9106) at one cost. Each call burns tens of milliseconds of CPU: not on the event loop."""

    def __init__(self, cost: Argon2Cost) -> None:
        self._argon2: _Argon2 = argon2.using(
            type="ID",
            memory_cost=cost.memory_kib,
            rounds=cost.passes,
            parallelism=cost.lanes,
            salt_size=16,
            digest_size=32,
        )
        # What nobody's password hashes to: unknown addresses are checked against it, to take the same time.
        self._nobody = self._argon2.hash(secrets.token_urlsafe(32))

    def create(self, password: str) -> str:
        return self._argon2.hash(normalise(password))

    def matches(self, password: str, stored: str | None) -> bool:
        """Does the same work whether or not there is a stored hash (ASVS 5.0 §6.3.8)."""
        same = self._argon2.verify(normalise(password), stored or self._nobody)
        return same and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """True when `stored` was made at another cost than today's."""
        return self._argon2.needs_update(stored)


def normalise(password: str) -> str:
    """NFKC (NIST SP 800-63B §5.1.1.2), so that one password typed on two keyboards is one password. Nothing
    is cut off, and case counts (ASVS 5.0 §6.2.8).

    Raises PasswordTooLong, far beyond the 64 characters that have to be allowed (§6.2.9).
    """
    canonical = unicodedata.normalize("NFKC", password)
    if len(canonical.encode()) > MAX_BYTES:
        raise PasswordTooLong(f"must be at most {MAX_BYTES} bytes long")
    return canonical


def refuse_weak(password: str, email: str, common: Collection[str]) -> None:
    """Raises PasswordTooWeak for one that is short, common, or the account's own address.

    Eight characters are the least (ASVS 5.0 §6.2.1), and there are no composition rules (§6.2.5). `common`
    holds casefolded passwords (§6.2.4); the address is the word of its context that an account has (§6.2.11).
    """
    canonical = normalise(password)
    if len(canonical) < MIN_CHARACTERS:
        raise PasswordTooWeak(f"must be at least {MIN_CHARACTERS} characters long")
    folded, address = canonical.casefold(), email.casefold()
    if folded in common:
        raise PasswordTooWeak("is one of the most common passwords")
    if folded in {address, address.partition("@")[0]}:
        raise PasswordTooWeak("must not be your address")


def common_passwords() -> frozenset[str]:
    """The list that ships with the service, casefolded: those of at least MIN_CHARACTERS.

    More than the 3,000 that ASVS 5.0 §6.2.4 asks for; the counts are those of zxcvbn's list (MIT licence).
    """
    text = (
        resources.files("auth_service.passwords").joinpath("common_passwords.txt").read_text(encoding="utf-8")
    )
    return frozenset(line.casefold() for line in text.splitlines() if line)
