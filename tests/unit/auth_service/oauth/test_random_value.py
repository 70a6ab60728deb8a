"""Random values and PKCE verification."""

import pytest

from auth_service.oauth.random_value import digest, is_value, new_value, verify_challenge

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_values_are_unique_and_have_one_form() -> None:
    made = {new_value() for _ in range(100)}
    assert len(made) == 100
    assert all(is_value(value) for value in made)
    assert {len(digest(value)) for value in made} == {32}


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "\n", "ü" * 43])
def test_malformed_values_are_refused(text: str) -> None:
    assert not is_value(text)


def test_the_example_of_the_rfc_is_verified() -> None:
    assert verify_challenge(CHALLENGE, VERIFIER)


@pytest.mark.parametrize("verifier", ["", CHALLENGE, VERIFIER[:-1], VERIFIER + "x", "x" * 129, "ü" * 43])
def test_another_verifier_is_refused(verifier: str) -> None:
    assert not verify_challenge(CHALLENGE, verifier)


def test_the_plain_method_is_refused() -> None:
    """RFC 9700 §2.1.1."""
    assert not verify_challenge(VERIFIER, VERIFIER)
