"""Values at rest are readable with their key, in their row, and unchanged only."""

import base64
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auth_service.database.encryption import BadDataKeys, DataCipher, Undecryptable
from shared.settings import Secret

OLD, NEW = secrets.token_urlsafe(32), secrets.token_urlsafe(32)


def cipher(*keys: str) -> DataCipher:
    return DataCipher(Secret(",".join(keys)))


@given(st.binary(max_size=200), st.text(max_size=40))
def test_a_value_is_decrypted_in_its_row(value: bytes, row: str) -> None:
    assert cipher(NEW).decrypt(cipher(NEW).encrypt(value, row), row) == value


def test_a_value_is_not_readable_and_never_encrypted_the_same_twice() -> None:
    one, other = (cipher(NEW).encrypt(b"a secret of some length", "table/1") for _ in range(2))
    assert one != other
    assert b"secret" not in one


def test_a_value_copied_to_another_row_is_refused() -> None:
    stored = cipher(NEW).encrypt(b"secret", "table/1")
    with pytest.raises(Undecryptable):
        cipher(NEW).decrypt(stored, "table/2")


def test_a_modified_value_is_refused() -> None:
    stored = cipher(NEW).encrypt(b"secret", "table/1")
    for position in range(len(stored)):
        changed = bytearray(stored)
        changed[position] ^= 1
        with pytest.raises(Undecryptable):
            cipher(NEW).decrypt(bytes(changed), "table/1")


@pytest.mark.parametrize("length", range(50))
def test_a_truncated_value_is_refused(length: int) -> None:
    stored = cipher(NEW).encrypt(b"a secret of some length", "table/1")
    with pytest.raises(Undecryptable):
        cipher(NEW).decrypt(stored[:length], "table/1")


def test_the_first_key_encrypts_and_all_decrypt() -> None:
    old = cipher(OLD).encrypt(b"secret", "table/1")
    rotated = cipher(NEW, OLD)
    assert rotated.decrypt(old, "table/1") == b"secret"
    assert rotated.is_outdated(old)
    new = rotated.encrypt(b"secret", "table/1")
    assert not rotated.is_outdated(new)
    assert new.startswith(rotated.current_prefix)
    assert cipher(NEW).decrypt(new, "table/1") == b"secret"
    with pytest.raises(Undecryptable):
        cipher(NEW).decrypt(old, "table/1")


def test_keys_may_be_padded_and_spaced() -> None:
    padded = base64.urlsafe_b64encode(bytes(range(32))).decode()
    stored = cipher(padded).encrypt(b"secret", "table/1")
    assert cipher(NEW, f" {padded.rstrip('=')} ").decrypt(stored, "table/1") == b"secret"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ([""], "key 1 has 0 bytes instead of 32"),
        ([NEW, ""], "key 2 has 0 bytes"),
        ([NEW, "no key"], "key 2 is not base64url"),
        (["ü" * 43], "key 1 is not base64url"),
        (["0" * 64], "key 1 has 48 bytes"),
        ([secrets.token_urlsafe(31)], "key 1 has 31 bytes"),
        ([NEW, OLD, NEW], "two keys are the same"),
    ],
)
def test_malformed_keys_are_named_but_not_shown(keys: list[str], problem: str) -> None:
    with pytest.raises(BadDataKeys, match=problem) as refused:
        cipher(*keys)
    assert not any(key in str(refused.value) for key in keys if len(key) > 8)
