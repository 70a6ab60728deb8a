"""argon2id password hashes."""

import pytest

from auth_service.passwords.argon2 import Argon2Cost, PasswordHash
from auth_service.passwords.policy import normalise

CHEAP = Argon2Cost(memory_kib=64, passes=1)


@pytest.fixture(scope="module")
def passwords() -> PasswordHash:
    return PasswordHash(CHEAP)


def test_a_password_matches_its_own_hash_and_no_other_does(passwords: PasswordHash) -> None:
    stored = passwords.create("correct horse battery staple")
    assert passwords.matches("correct horse battery staple", stored)
    assert not passwords.matches("correct horse battery stapler", stored)


def test_the_same_password_never_hashes_to_the_same_twice(passwords: PasswordHash) -> None:
    assert passwords.create("correct horse") != passwords.create("correct horse")


def test_without_a_stored_hash_no_password_matches(passwords: PasswordHash) -> None:
    assert not passwords.matches("anything at all", None)


def test_every_byte_counts_also_after_a_zero_byte_and_at_the_end_of_a_long_one(
    passwords: PasswordHash,
) -> None:
    assert not passwords.matches("eight\x00chars", passwords.create("eight\x00chart"))
    assert not passwords.matches("x" * 1023 + "y", passwords.create("x" * 1024))


def test_unicode_spellings_of_the_same_characters_are_one_password(passwords: PasswordHash) -> None:
    assert passwords.matches("pa\u0308ssword-e\u0301", passwords.create("pässword-é"))
    assert normalise("ﬁnal①") == "final1"


def test_a_hash_is_argon2id_at_owasps_cost() -> None:
    assert PasswordHash(Argon2Cost()).create("any password").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_another_cost_is_outdated_and_still_matches(passwords: PasswordHash) -> None:
    old = PasswordHash(Argon2Cost(memory_kib=32, passes=1)).create("correct horse")
    assert passwords.is_outdated(old)
    assert passwords.matches("correct horse", old)
    assert not passwords.is_outdated(passwords.create("correct horse"))
