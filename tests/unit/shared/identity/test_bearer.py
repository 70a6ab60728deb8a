"""The bearer token of an Authorization header."""

import pytest

from shared.errors import InvalidToken
from shared.identity.bearer import bearer_token


def test_a_bearer_token_is_returned_unchanged() -> None:
    assert bearer_token(["Bearer abc.DEF-_~+/=="]) == "abc.DEF-_~+/=="
    assert bearer_token([]) is None


@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer a b", "Bearer a,b", "Basic a", "Bearer =a", "Bearera"]
)
def test_other_credentials_are_no_token(value: str) -> None:
    with pytest.raises(InvalidToken):
        bearer_token([value])
