"""Recovery codes: their form, their strength, and what is read as one."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.factors.recovery_code import fingerprint, new_recovery_codes, parse_recovery_code
from auth_service.factors.totp import is_code

OWNER, OTHER = UUID(int=1), UUID(int=2)


def test_codes_have_120_random_bits() -> None:
    codes = [code for _ in range(50) for code in new_recovery_codes()]
    assert len(set(codes)) == 500
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){5}", code) for code in codes)


@pytest.mark.parametrize("change", [str.upper, lambda code: code.replace("-", ""), lambda code: f" {code}\n"])
def test_a_code_is_read_in_any_writing(change: object) -> None:
    assert callable(change)
    code = new_recovery_codes()[0]
    assert parse_recovery_code(change(code)) == parse_recovery_code(code) is not None


def test_digits_that_look_like_letters_are_read_as_these() -> None:
    assert parse_recovery_code("0" * 4 + "1" * 4 + "8" * 16) == "OOOOIIII" + "B" * 16


@given(st.text(max_size=40))
def test_other_texts_are_none_or_canonical(text: str) -> None:
    canonical = parse_recovery_code(text)
    assert canonical is None or re.fullmatch("[A-Z2-7]{24}", canonical)
    assert not (is_code(text) and canonical)


def test_a_stored_code_belongs_to_one_account() -> None:
    canonical = parse_recovery_code(new_recovery_codes()[0])
    assert canonical is not None
    assert fingerprint(canonical, OWNER) != fingerprint(canonical, OTHER)
