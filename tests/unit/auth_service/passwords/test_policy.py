"""Password policy: normalisation, length limits and passwords that are easy to guess."""

import pytest

from auth_service.passwords.policy import MAX_BYTES, PasswordTooLong, PasswordTooWeak, normalise, refuse_weak

EMAIL = "Ada.Lovelace@analytical-engines.example.com"


@pytest.mark.parametrize(
    "weak",
    [
        "",
        "seven77",
        "password",
        "PassWord123",
        "\uff50\uff41ssword\uff11\uff12\uff13",
        "P@ssw0rd!",
        "Welcome2024!",
        "qwerty2024",
        "1qaz2wsx",
        "x" * 128,
        "Summer2026",
        "a\u0308" * 7,
    ],
)
def test_passwords_that_are_short_or_easy_to_guess_are_weak(weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        refuse_weak(weak, EMAIL)


@pytest.mark.parametrize(
    "weak",
    [
        "ada.lovelace@analytical-engines.example.com",
        "ADA.LOVELACE",
        "ada.lovelace1",
        "Lovelace1815",
        "adalovelace2",
        "analytical-engines",
        "Tonegate2024!",
    ],
)
def test_a_password_must_not_be_made_of_the_address_or_the_products_name(weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        refuse_weak(weak, EMAIL)


@pytest.mark.parametrize(
    "fine",
    [
        "kT9#vLq2",
        "correct horse battery staple",
        "ünïcödé ★ wörds",
        "        leading and trailing   ",
        "lovelace walks to the harbour",
        "correct horse battery staple " * 35,
    ],
)
def test_there_are_no_composition_rules(fine: str) -> None:
    refuse_weak(fine, EMAIL)


def test_short_parts_of_an_address_do_not_count() -> None:
    refuse_weak("banana boat on a lake", "a@ba.na")


@pytest.mark.parametrize("long", ["x" * (MAX_BYTES + 1), "\ufdfa" * 100])
def test_a_password_too_long_after_normalisation_is_refused(long: str) -> None:
    with pytest.raises(PasswordTooLong):
        normalise(long)
