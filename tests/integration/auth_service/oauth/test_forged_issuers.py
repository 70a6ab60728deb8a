"""Forged and malformed documents, ID tokens and responses of a provider."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from joserfc.jwk import OctKey

from tests.integration.auth_service.oauth.rig import OAuthRig, SignIn, issuer, knowing, named, refusal
from tests.support.issuer import CLIENT_ID, CLIENT_SECRET, LyingIssuer, lying, new_key

REFUSED = (400, "sign_in_refused")
AWAY = (503, "unavailable")


@pytest.fixture
async def liar() -> AsyncIterator[LyingIssuer]:
    async with lying() as issuer:
        yield issuer


@pytest.fixture
async def rig(postgres_url: str, liar: LyingIssuer) -> AsyncIterator[OAuthRig]:
    async with knowing(postgres_url, **named(issuer("corp", liar.url, CLIENT_ID, CLIENT_SECRET))) as rig:
        yield rig


async def begun(rig: OAuthRig, liar: LyingIssuer) -> tuple[SignIn, dict[str, str]]:
    attempt = await rig.begin()
    liar.nonce = attempt.asked["nonce"]
    return attempt, {"code": "code", "state": attempt.asked["state"]}


async def test_a_valid_response_logs_in(rig: OAuthRig, liar: LyingIssuer) -> None:
    attempt, back = await begun(rig, liar)
    assert (await rig.me(await attempt.come_back(back)))["email"] == "ada@example.org"
    assert liar.asked == ["/.well-known/openid-configuration", "/token", "/jwks"]


@pytest.mark.parametrize(
    "lie",
    [
        {"key": new_key()},
        {"key": OctKey.import_key(CLIENT_SECRET, {"kid": "1"}), "header": {"alg": "HS256"}},
        {"claims": {"nonce": "another"}},
        {"claims": {"nonce": None}},
        {"claims": {"aud": "somebody-else"}},
        {"claims": {"aud": [CLIENT_ID, "somebody-else"], "azp": CLIENT_ID}},
        {"claims": {"iss": "https://accounts.google.com"}},
        {"claims": {"exp": 1}},
        {"id_token": "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIn0."},
        {"id_token": ""},
        {"token_answer": {"id_token": None}},
    ],
    ids=["key", "HS256", "nonce", "no nonce", "aud", "two aud", "iss", "exp", "none", "empty", "no token"],
)
async def test_an_invalid_id_token_is_refused(rig: OAuthRig, liar: LyingIssuer, lie: dict[str, Any]) -> None:
    attempt, back = await begun(rig, liar)
    for name, value in lie.items():
        setattr(liar, name, value)
    answer = await attempt.come_back(back)
    assert refusal(answer) == REFUSED
    assert (await rig.replica.register("ada@example.org")).status_code == 201, "no account came of it"


@pytest.mark.parametrize(
    ("userinfo", "status"),
    [
        ({"sub": "1", "email": "ada@example.org", "email_verified": True}, 200),
        ({"sub": "2", "email": "ada@example.org", "email_verified": True}, 400),
        ({"email": "ada@example.org", "email_verified": True}, 400),
        ({"sub": "1", "email": "ada@example.org"}, 403),
        ({"sub": "1"}, 403),
    ],
)
async def test_the_address_may_come_from_userinfo_of_the_same_subject(
    rig: OAuthRig, liar: LyingIssuer, userinfo: dict[str, Any], status: int
) -> None:
    attempt, back = await begun(rig, liar)
    liar.claims = {"email": None, "email_verified": None}
    liar.userinfo = userinfo
    assert (await attempt.come_back(back)).status_code == status


async def test_a_new_signing_key_is_fetched_at_its_first_use(rig: OAuthRig, liar: LyingIssuer) -> None:
    attempt, back = await begun(rig, liar)
    assert (await attempt.come_back(back)).status_code == 200
    liar.key = new_key("2")
    liar.published.append(liar.key)
    rig.clock.advance(seconds=30)
    attempt, back = await begun(rig, liar)
    assert (await attempt.come_back(back)).status_code == 200
    assert liar.asked.count("/jwks") == 2


async def test_unknown_key_ids_do_not_cause_repeated_fetches(rig: OAuthRig, liar: LyingIssuer) -> None:
    liar.header = {"kid": "unknown"}
    for _ in range(3):
        attempt, back = await begun(rig, liar)
        assert refusal(await attempt.come_back(back)) == REFUSED
    assert liar.asked.count("/jwks") == 1


async def test_metadata_is_cached_for_an_hour(rig: OAuthRig, liar: LyingIssuer) -> None:
    for minutes in (0, 59, 2):
        rig.clock.advance(minutes=minutes)
        await rig.begin()
    assert liar.asked == ["/.well-known/openid-configuration"] * 2


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://accounts.google.com"},
        {"token_endpoint": 5},
        {"authorization_endpoint": "http://evil.example/authorize"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"padding": "x" * 600_000},
    ],
    ids=["issuer", "number", "http", "script", "no keys", "too long"],
)
async def test_a_malformed_document_is_refused(
    rig: OAuthRig, liar: LyingIssuer, metadata: dict[str, Any]
) -> None:
    liar.metadata = metadata
    answer = await rig.start()
    assert refusal(answer) == AWAY
    assert answer.headers["Retry-After"]


@pytest.mark.parametrize("place", ["token_endpoint", "jwks_uri", "userinfo_endpoint"])
async def test_no_url_in_a_document_leads_to_internal_services(
    rig: OAuthRig, liar: LyingIssuer, place: str
) -> None:
    """A server does listen at this address, which is not a loopback name."""
    liar.metadata = {place: liar.url.replace("127.0.0.1", "0.0.0.0") + "/inside"}
    liar.claims = {"email": None}
    attempt, back = await begun(rig, liar)
    assert refusal(await attempt.come_back(back)) == AWAY
    assert "/inside" not in liar.asked


async def test_a_redirect_is_not_followed(rig: OAuthRig, liar: LyingIssuer) -> None:
    liar.status = 302
    assert refusal(await rig.start()) == AWAY
    assert "/elsewhere" not in liar.asked


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"error": "invalid_grant", "error_description": "naïve"}, REFUSED),
        ({"error": "invalid_client"}, AWAY),
        ({"error": ["x"]}, AWAY),
        ({"token_type": "mac"}, AWAY),
        ({"access_token": None}, AWAY),
    ],
)
async def test_errors_of_the_token_endpoint_are_distinguished(
    rig: OAuthRig, liar: LyingIssuer, answer: dict[str, Any], expected: tuple[int, str]
) -> None:
    attempt, back = await begun(rig, liar)
    liar.token_answer = answer
    assert refusal(await attempt.come_back(back)) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"error": "access_denied"}, (403, "sign_in_cancelled")),
        ({"error": "temporarily_unavailable"}, AWAY),
        ({"error": "server_error"}, AWAY),
        ({"error": "invalid_scope"}, REFUSED),
        ({"error": "<script>" * 100}, REFUSED),
        ({}, REFUSED),
        ({"code": ""}, REFUSED),
        ({"code": "code", "iss": "https://evil.example"}, REFUSED),
        ({"error": "access_denied", "iss": "https://evil.example"}, REFUSED),
    ],
)
async def test_an_error_response_is_a_problem(
    rig: OAuthRig, liar: LyingIssuer, answer: dict[str, str], expected: tuple[int, str]
) -> None:
    attempt, back = await begun(rig, liar)
    liar.asked.clear()
    assert refusal(await attempt.come_back({"state": back["state"], **answer})) == expected
    assert liar.asked == []
