"""One-time values, and PKCE."""

import pytest

from auth_service.oauth.one_time_value import answers, digest, is_value, new_value

# RFC 7636 appendix B
VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_values_are_unlike_each_other_and_have_one_shape() -> None:
    made = {new_value() for _ in range(100)}
    assert len(made) == 100
    assert all(is_value(value) for value in made)
    assert {len(digest(value)) for value in made} == {32}


@pytest.mark.parametrize("text", ["", "x" * 42, "x" * 44, "x" * 42 + "=", "x" * 42 + "\n", "ü" * 43])
def test_whatever_has_another_shape_is_none(text: str) -> None:
    assert not is_value(text)


def test_the_example_of_the_rfc_fits() -> None:
    assert answers(CHALLENGE, VERIFIER)


@pytest.mark.parametrize("verifier", ["", CHALLENGE, VERIFIER[:-1], VERIFIER + "x", "x" * 129, "ü" * 43])
def test_another_verifier_does_not(verifier: str) -> None:
    assert not answers(CHALLENGE, verifier)


def test_the_plain_method_is_not_known() -> None:
    """RFC 9700 §2.1.1."""
    assert not answers(VERIFIER, VERIFIER)
