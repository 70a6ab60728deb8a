"""Access requires a valid token, and other accounts' conversions do not exist for its user."""

import string

import pytest

from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from shared.identity.key_pair import generate
from shared.logs import configure
from tests.support.conversions import converting, done, queued
from tests.support.converter import ConverterApi, converter_api
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.tokens import forgeries

ROUTES = [
    ("GET", ""),
    ("DELETE", ""),
    ("GET", "/audio"),
    ("HEAD", "/audio"),
]

ALPHABET = string.ascii_letters + string.digits + "-_"


@pytest.mark.parametrize("make", [queued, converting, done])
@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_conversions_of_other_accounts_are_not_found(
    api: ConverterApi, make: type, method: str, path: str
) -> None:
    conversion = make(at=utc_now())
    await MongoConversions(api.database, utc_now).add(conversion)
    answer = await api.call(method, f"/v1/conversions/{conversion.id}{path}", "mallory")
    assert answer.status == 404
    assert await api.database["conversions"].find_one({"_id": conversion.id, "deleted_at": None})


async def test_a_list_contains_the_callers_conversions_only(api: ConverterApi) -> None:
    store = MongoConversions(api.database, utc_now)
    await store.add(queued(1))
    await store.add(queued(2, owner_id="bob"))
    items = (await (await api.call("GET", "/v1/conversions", "bob")).json())["items"]
    assert [item["id"] for item in items] == [queued(2).id]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", ""), ("GET", ""), *((method, f"/{queued().id}{path}") for method, path in ROUTES)],
)
async def test_every_route_requires_a_token(api: ConverterApi, method: str, path: str) -> None:
    for header in (
        {},
        {"Authorization": "Basic YTpi"},
        {"Authorization": "Bearer "},
        {"Authorization": "Bearer x"},
    ):
        answer = await api.call(method, f"/v1/conversions{path}", None, headers=header)
        assert answer.status == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


async def test_forged_tokens_are_refused(api: ConverterApi) -> None:
    token = api.issuer.token()
    spelt_anew = {last: token[:-1] + last for last in ALPHABET if last != token[-1]}
    for kind, forged in {**forgeries(token, api.issuer.jwks), **spelt_anew}.items():
        answer = await api.call("GET", "/v1/conversions", None, headers={"Authorization": f"Bearer {forged}"})
        assert answer.status == 401, kind


@pytest.mark.parametrize(
    "changes",
    [
        {"exp": 1_000_000_000},
        {"exp": None},
        {"aud": "another"},
        {"aud": "auth_service"},
        {"aud": "notification_service"},
        {"aud": "tonegate"},
        {"aud": None},
        {"iss": "http://evil.test"},
        {"sub": None},
        {"email": None},
        {"typ": "JWT"},
    ],
)
async def test_tokens_for_something_else_are_refused(api: ConverterApi, changes: dict[str, object]) -> None:
    token = api.issuer.token(**changes)  # type: ignore[arg-type]
    answer = await api.call("GET", "/v1/conversions", None, headers={"Authorization": f"Bearer {token}"})
    assert answer.status == 401


async def test_a_replaced_key_is_accepted_while_it_is_configured(mongo_url: str) -> None:
    new, old = (GatewayIssuer("converter_service", generate()) for _ in range(2))
    async with converter_api(mongo_url, gateway_public_keys=f"{new.public_keys}\n{old.public_keys}") as api:
        assert await statuses(api, new, old) == [200, 200]
    async with converter_api(mongo_url, gateway_public_keys=new.public_keys) as api:
        assert await statuses(api, new, old) == [200, 401]


async def test_without_keys_every_token_is_refused_and_the_log_says_so(
    mongo_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("warning", "json", "test")
    async with converter_api(mongo_url, gateway_public_keys="") as api:
        assert await statuses(api, api.issuer) == [401]
    assert "GATEWAY_PUBLIC_KEYS is not set: every token is refused" in capsys.readouterr().out


async def statuses(api: ConverterApi, *issuers: GatewayIssuer) -> list[int]:
    sent = [{"Authorization": f"Bearer {each.token()}"} for each in issuers]
    return [(await api.call("GET", "/v1/conversions", None, headers=each)).status for each in sent]


@pytest.mark.parametrize(
    ("scope", "method", "path", "allowed"),
    [
        ("conversions:read", "GET", "", True),
        ("conversions:read", "HEAD", "/x/audio", True),
        ("conversions:read", "POST", "", False),
        ("conversions:read", "DELETE", "/x", False),
        ("conversions:write", "DELETE", "/x", True),
        ("conversions:write", "GET", "", False),
        ("conversions:write", "GET", "/x/audio", False),
        ("conversions:read conversions:write", "GET", "", True),
        ("conversions:readall", "GET", "", False),
        ("conversions:write", "DELETE", "/x/link", True),
        ("conversions:read", "DELETE", "/x/link", False),
        ("conversions:write", "POST", "/x/link", False),
        ("conversions:read", "POST", "/x/link", False),
        ("conversions:read conversions:write", "POST", "/x/link", True),
        ("", "GET", "", False),
    ],
)
async def test_a_token_is_limited_to_its_scopes(
    api: ConverterApi, scope: str, method: str, path: str, allowed: bool
) -> None:
    token = api.issuer.token(scope=scope)
    answer = await api.call(
        method, f"/v1/conversions{path}", None, headers={"Authorization": f"Bearer {token}"}
    )
    assert (answer.status == 403) is not allowed
    if not allowed:
        assert (await answer.json())["code"] == "forbidden"
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("required", "verified", "recipient"),
    [
        (False, False, "alice@example.org"),
        (False, True, "alice@example.org"),
        (True, True, "alice@example.org"),
        (True, False, ""),
        (True, None, ""),
        (True, "true", ""),
    ],
)
async def test_results_go_to_unverified_addresses_unless_that_is_forbidden(
    mongo_url: str, required: bool, verified: object, recipient: str
) -> None:
    async with converter_api(mongo_url, require_verified_email=required) as api:
        token = api.issuer.token(email_verified=verified)
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "video/mp4"}
        answer = await api.call("POST", "/v1/conversions", None, data=b"video" * 100, headers=headers)
        assert answer.status == 202
        stored = await api.database["conversions"].find_one()
        assert stored
        assert stored["recipient"] == recipient


async def test_blobs_of_others_cannot_be_reached_by_their_id(api: ConverterApi) -> None:
    conversion = done(at=utc_now())
    await MongoConversions(api.database, utc_now).add(conversion)
    await GridFSBlobs(api.database, utc_now).prepare()
    assert (await api.call("GET", f"/v1/conversions/{conversion.audio_blob}/audio")).status == 404
