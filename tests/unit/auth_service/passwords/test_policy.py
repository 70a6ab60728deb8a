"""Passwords: normal form, weakness, and hashes that keep what they promise."""

import pytest

from auth_service.passwords.policy import (
    MAX_BYTES,
    Argon2Cost,
    PasswordHash,
    PasswordTooLong,
    PasswordTooWeak,
    common_passwords,
    normalise,
    refuse_weak,
)

EMAIL = "Ada.Lovelace@example.com"
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


def test_nothing_matches_where_there_is_no_account(passwords: PasswordHash) -> None:
    assert not passwords.matches("anything at all", None)


def test_every_byte_counts_also_after_a_zero_byte_and_at_the_end_of_a_long_one(
    passwords: PasswordHash,
) -> None:
    assert not passwords.matches("eight\x00chars", passwords.create("eight\x00chart"))
    assert not passwords.matches("x" * 1023 + "y", passwords.create("x" * 1024))


def test_two_spellings_of_the_same_characters_are_one_password(passwords: PasswordHash) -> None:
    assert passwords.matches("pa\u0308ssword-e\u0301", passwords.create("pässword-é"))
    assert normalise("ﬁnal①") == "final1"


def test_a_hash_says_argon2id_at_owasps_cost() -> None:
    assert PasswordHash(Argon2Cost()).create("whatever it is").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_hash_of_another_cost_is_outdated_and_still_matches(passwords: PasswordHash) -> None:
    old = PasswordHash(Argon2Cost(memory_kib=32, passes=1)).create("correct horse")
    assert passwords.is_outdated(old)
    assert passwords.matches("correct horse", old)
    assert not passwords.is_outdated(passwords.create("correct horse"))


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "seven77",
        "password",
        "PassWord123",
        "\uff50\uff41ssword\uff11\uff12\uff13",
        "ada.lovelace@example.com",
        "ADA.LOVELACE",
        "a\u0308" * 7,
    ],
)
def test_a_short_a_common_and_ones_own_address_are_weak(weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        refuse_weak(weak, EMAIL, common_passwords())


@pytest.mark.parametrize(
    "fine", ["eight-88", "x" * 128, "ünïcödé ★", "        leading and trailing   ", "z" * MAX_BYTES]
)
def test_no_rules_of_composition_are_made(fine: str) -> None:
    refuse_weak(fine, EMAIL, common_passwords())


@pytest.mark.parametrize("long", ["x" * (MAX_BYTES + 1), "\ufdfa" * 100])
def test_what_is_too_long_is_refused_and_not_cut_also_when_normalising_made_it_so(long: str) -> None:
    with pytest.raises(PasswordTooLong):
        normalise(long)


def test_at_least_three_thousand_common_passwords_are_known_that_are_long_enough_to_be_chosen() -> None:
    assert len(common_passwords()) >= 3000
    assert {"password", "qwertyuiop", "1qaz2wsx", "iloveyou1"} <= common_passwords()


def test_the_list_of_common_passwords_holds_nothing_that_is_too_short_to_matter() -> None:
    assert all(len(each) >= 8 for each in common_passwords())
