"""Administration routes: authorization, forwarding, and audit records."""

import msgspec
import pytest

from tests.integration.gateway.rig import SIGNED_IN, TOKEN, Rig
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_accounts import ACCOUNT, answer
from tests.integration.gateway.test_own_account import listed

USER = {**ACCOUNT, "id": "u9", "disabled": True, "disabled_at": "2026-11-20T10:00:00Z"}
ENTRY = {
    "id": "1",
    "at": "2026-11-20T10:00:00Z",
    "actor_id": None,
    "action": "admin_created",
    "subject_id": "u1",
    "address": None,
    "request_id": "r",
    "details": {"before": {"roles": ["user"]}},
}
USERS = {"items": [USER], "next_cursor": None}
AUDIT = {"items": [ENTRY], "next_cursor": "Mg"}
ADMIN = {"Authorization": "Bearer ad"}


@pytest.fixture
def admin(rig: Rig) -> Rig:
    rig.auth.sign_in("ad", sub="u7", sid="s7", roles=["user", "admin"])
    return rig


@pytest.mark.parametrize(
    ("method", "path", "inside", "body", "said"),
    [
        ("GET", "/v1/admin/users", "/v1/admin/users?limit=20", None, USERS),
        (
            "GET",
            "/v1/admin/users?email=%2B%26b&cursor=abc&limit=5&other=1",
            "/v1/admin/users?email=%2B%26b&cursor=abc&limit=5",
            None,
            USERS,
        ),
        ("PATCH", "/v1/admin/users/u9", "/v1/admin/users/u9", {"disabled": True}, USER),
        ("PATCH", "/v1/admin/users/u9", "/v1/admin/users/u9", {"roles": ["user", "admin"]}, USER),
        ("GET", "/v1/admin/audit?cursor=Mg&limit=1", "/v1/admin/audit?cursor=Mg&limit=1", None, AUDIT),
    ],
)
async def test_an_administrators_call_is_forwarded(
    admin: Rig, method: str, path: str, inside: str, body: object, said: object
) -> None:
    answer(admin, "200 OK", said)
    async with admin.http.request(method, _url(admin, path), json=body, headers=ADMIN) as response:
        assert (response.status, await response.json()) == (200, said)
        assert response.headers["Cache-Control"] == "no-store"
    seen = admin.auth.seen[-1]
    assert (seen.method, seen.target) == (method, inside)
    assert (msgspec.json.decode(bytes(seen.body)) if seen.body else None) == body
    assert seen.claims("auth_service")["roles"] == ["admin", "user"]
    assert seen.header("tonegate-client-address") == "127.0.0.1"


LETTER = "0198" + "a" * 28
RELAYED = [
    (
        "GET",
        "/v1/admin/dead-letters?status=waiting&limit=5",
        "/v1/admin/dead-letters?status=waiting&limit=5",
        {"action": "dead_letters_listed", "details": {}},
    ),
    *(
        (
            method,
            f"/v1/admin/dead-letters/{LETTER}{more}",
            f"/v1/admin/dead-letters/{LETTER}{more}",
            {"action": action, "details": {"dead_letter": LETTER}},
        )
        for method, more, action in (
            ("GET", "", "dead_letter_read"),
            ("POST", "/replay", "dead_letter_replayed"),
            ("DELETE", "", "dead_letter_discarded"),
        )
    ),
    (
        "GET",
        "/v1/admin/conversions?owner_id=u1&status=failed&limit=5&other=1",
        "/v1/admin/conversions?owner_id=u1&status=failed&limit=5",
        {"action": "conversions_listed", "details": {"owner_id": "u1", "status": "failed"}},
    ),
]


@pytest.mark.parametrize(("method", "path", "inside", "record"), RELAYED)
async def test_an_audit_record_is_written_before_the_converter_is_called(
    admin: Rig, method: str, path: str, inside: str, record: object
) -> None:
    answer(admin, "204 No Content", None)
    recorded: list[int] = []

    async def converter(seen: ReceivedRequest) -> None:
        recorded.append(sum(each.target == "/v1/admin/audit" for each in admin.auth.seen))
        await seen.read_body()
        seen.answer("200 OK", b'{"items":[]}', **{"content-type": "application/json"})

    admin.converter.script = converter
    async with admin.http.request(method, _url(admin, path), headers=ADMIN) as response:
        assert response.status == 200 or (method, response.status) == ("DELETE", 204)
        assert response.headers["Cache-Control"] == "no-store"
    [seen] = admin.converter.seen
    assert (seen.method, seen.target) == (method, inside)
    assert seen.claims("converter_service")["roles"] == ["admin", "user"]
    assert recorded == [1]
    kept = admin.auth.seen[-1]
    assert (kept.method, kept.target) == ("POST", "/v1/admin/audit")
    assert msgspec.json.decode(bytes(kept.body)) == record
    assert kept.claims("auth_service")["roles"] == ["admin", "user"]
    assert kept.header("tonegate-client-address") == "127.0.0.1"


@pytest.mark.parametrize(("status", "code"), [(403, "forbidden"), (503, "unavailable")])
async def test_without_an_audit_record_the_converter_is_not_called(
    admin: Rig, status: int, code: str
) -> None:
    introspect = admin.auth.script

    async def refuse(seen: ReceivedRequest) -> None:
        if seen.target == "/internal/introspect":
            await introspect(seen)
            return
        await seen.read_body()
        seen.problem(status, code)

    admin.auth.script = refuse
    for method, path, _, _ in RELAYED:
        async with admin.http.request(method, _url(admin, path), headers=ADMIN) as response:
            problem = await response.json(content_type="application/problem+json")
            assert (response.status, problem["code"]) == (status, code)
    assert admin.converter.seen == []


@pytest.mark.parametrize("query", ["limit=0", "cursor=x", "status=nonsense", "owner_id=%2F"])
async def test_an_invalid_converter_query_is_refused_by_the_gateway(admin: Rig, query: str) -> None:
    async with admin.http.get(_url(admin, f"/v1/admin/conversions?{query}"), headers=ADMIN) as response:
        assert response.status == 400
    assert admin.converter.seen == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        *((method, path) for method, path, _, _ in RELAYED),
        ("GET", "/v1/admin/users"),
        ("PATCH", "/v1/admin/users/u9"),
        ("GET", "/v1/admin/audit"),
    ],
)
async def test_other_users_are_refused_before_any_service_is_called(
    admin: Rig, method: str, path: str
) -> None:
    async with admin.http.request(method, _url(admin, path), json={}, headers=SIGNED_IN) as response:
        problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"]) == (403, "forbidden")
    assert {seen.target for seen in admin.auth.seen} == {"/internal/introspect"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=" + "x" * 300])
async def test_an_invalid_query_is_refused_by_the_gateway(admin: Rig, query: str) -> None:
    async with admin.http.get(_url(admin, f"/v1/admin/users?{query}"), headers=ADMIN) as response:
        problem = await response.json(content_type="application/problem+json")
        assert (response.status, problem["code"]) == (400, "invalid_request")
    assert {seen.target for seen in admin.auth.seen} == {"/internal/introspect"}


async def test_an_api_key_of_an_administrator_may_not_administer(admin: Rig) -> None:
    admin.auth.sign_in("key", roles=["user", "admin"], scope="conversions:read conversions:write")
    for method, path, _, _ in RELAYED:
        async with admin.http.request(
            method, _url(admin, path), headers={"Authorization": "Bearer key"}
        ) as response:
            assert response.status == 403
    assert admin.converter.seen == []


async def test_a_disabled_account_is_refused_at_once(admin: Rig) -> None:
    assert await listed(admin, TOKEN) == 202
    answer(admin, "200 OK", {**USER, "id": "u1"})
    async with admin.http.patch(
        _url(admin, "/v1/admin/users/U1"), json={"disabled": True}, headers=ADMIN
    ) as response:
        assert response.status == 200
    admin.auth.tokens.pop(TOKEN)
    assert await listed(admin, TOKEN) == 401


def _url(rig: Rig, path: str) -> str:
    return rig.url + path
