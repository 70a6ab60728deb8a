"""One-time codes: the vectors of RFC 6238, the window, and secrets."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from auth_service.factors.totp import is_code, matching_step, new_secret, provisioning_uri

# RFC 6238, appendix B: the last six of eight digits.
SEED = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    assert matching_step(SEED, code, datetime.fromtimestamp(seconds, UTC)) == seconds // 30


@pytest.mark.parametrize(
    ("late", "accepted"), [(-31, False), (-30, True), (0, True), (59, True), (60, False)]
)
def test_a_code_is_accepted_one_step_before_and_after_its_own(late: int, accepted: bool) -> None:
    step = 1111111111 // 30
    begun = datetime.fromtimestamp(step * 30, UTC)
    found = matching_step(SEED, "050471", begun + timedelta(seconds=late))
    assert found == (step if accepted else None)


@pytest.mark.parametrize(
    "code", ["", "28708", "2870820", "\uff12\uff18\uff17\uff10\uff18\uff12", "abcdef", "\x00" * 6]
)
def test_other_texts_match_no_step(code: str) -> None:
    assert matching_step(SEED, code, datetime.fromtimestamp(59, UTC)) is None
    assert not is_code(code)


def test_a_secret_has_160_bits_and_is_unique() -> None:
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == 100
    assert {len(base64.b32decode(each)) for each in secrets} == {20}


def test_the_uri_names_the_account_and_the_issuer() -> None:
    uri = urlsplit(provisioning_uri(SEED, "ünïcode+tag@example.org"))
    assert (uri.scheme, uri.netloc) == ("otpauth", "totp")
    assert unquote(uri.path) == "/Tonegate:ünïcode+tag@example.org"
    assert parse_qs(uri.query) == {"secret": [SEED], "issuer": ["Tonegate"]}
