"""Text format of API keys: prefix, randomness, checksum."""

import re

import pytest

from auth_service.api_keys.key_format import fingerprint, hint, is_api_key, new_api_key


def test_a_key_begins_with_a_prefix_and_is_one_word() -> None:
    assert re.fullmatch(r"tng_[0-9A-Za-z]{49}", new_api_key())


def test_values_are_unique() -> None:
    assert len({new_api_key() for _ in range(1000)}) == 1000


def test_every_generated_key_is_valid() -> None:
    assert all(is_api_key(new_api_key()) for _ in range(1000))


@pytest.mark.parametrize("text", ["", "tng_", "tng_" + "a" * 49, "TNG_" + "0" * 49, "tng_" + "0" * 48 + "ü"])
def test_malformed_keys_are_refused(text: str) -> None:
    assert not is_api_key(text)


def test_a_single_wrong_character_is_detected() -> None:
    key = new_api_key()
    for place in range(4, len(key)):
        other = "a" if key[place] != "a" else "b"
        assert not is_api_key(key[:place] + other + key[place + 1 :]), place
    assert not is_api_key(key + "\n")


def test_fingerprint_and_hint_do_not_reveal_the_key() -> None:
    key = new_api_key()
    assert len(fingerprint(key)) == 32
    assert key.encode() not in fingerprint(key)
    assert len(hint(key)) == 8
