"""Password policy: normalisation, length limits and common passwords."""

import pytest

from auth_service.passwords.policy import (
    MAX_BYTES,
    PasswordTooLong,
    PasswordTooWeak,
    common_passwords,
    normalise,
    refuse_weak,
)

EMAIL = "Ada.Lovelace@example.com"


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
def test_short_and_common_passwords_and_the_own_address_are_weak(weak: str) -> None:
    with pytest.raises(PasswordTooWeak):
        refuse_weak(weak, EMAIL, common_passwords())


@pytest.mark.parametrize(
    "fine", ["eight-88", "x" * 128, "ünïcödé ★", "        leading and trailing   ", "z" * MAX_BYTES]
)
def test_there_are_no_composition_rules(fine: str) -> None:
    refuse_weak(fine, EMAIL, common_passwords())


@pytest.mark.parametrize("long", ["x" * (MAX_BYTES + 1), "\ufdfa" * 100])
def test_a_password_too_long_after_normalisation_is_refused(long: str) -> None:
    with pytest.raises(PasswordTooLong):
        normalise(long)


def test_the_list_has_at_least_three_thousand_common_passwords() -> None:
    assert len(common_passwords()) >= 3000
    assert {"password", "qwertyuiop", "1qaz2wsx", "iloveyou1"} <= common_passwords()


def test_the_list_has_no_password_below_the_minimum_length() -> None:
    assert all(len(each) >= 8 for each in common_passwords())
