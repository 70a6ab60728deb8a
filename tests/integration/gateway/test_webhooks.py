"""Webhook routes: authorization, forwarding, and idempotency keys."""

import json
from typing import Any

from tests.integration.gateway.rig import SIGNED_IN, Rig
from tests.integration.gateway.services import ReceivedRequest

KEY = "tng_0123456789abcdefABCDEF_-"
READ, WRITE = "webhooks:read", "webhooks:write"
MESSAGES = f"{READ} conversions:read"
RESENDING = f"{WRITE} conversions:read"
HOOK = {
    "id": "h1",
    "url": "https://example.com/hook",
    "events": ["conversion.completed"],
    "status": "enabled",
    "disabled_reason": None,
    "disabled_at": None,
    "failing_since": None,
    "created_at": "2026-11-20T10:00:00Z",
}
SENT = {
    "id": "msg_1",
    "type": "conversion.completed",
    "status": "delivered",
    "created_at": "2026-11-20T10:00:00Z",
    "next_attempt_at": None,
    "delivered_at": "2026-11-20T10:00:01Z",
    "attempts": [{"at": "2026-11-20T10:00:00Z", "status": 204, "duration": 0.2, "error": None}],
    "payload": {"type": "conversion.completed"},
}
MADE = {**HOOK, "secret": "whsec_AAAA"}
NEW = {"url": HOOK["url"]}

CALLS: list[tuple[str, str, Any, Any, str]] = [
    ("POST", "", NEW, MADE, WRITE),
    ("GET", "", None, {"items": [HOOK]}, READ),
    ("GET", "/h1", None, HOOK, READ),
    ("PATCH", "/h1", {"status": "enabled"}, HOOK, WRITE),
    ("DELETE", "/h1", None, None, WRITE),
    ("POST", "/h1/secret", None, MADE, WRITE),
    ("POST", "/h1/test", None, SENT, WRITE),
    ("GET", "/h1/deliveries?status=failed&limit=3", None, {"items": [SENT], "next_cursor": None}, MESSAGES),
    ("POST", "/h1/deliveries/msg_1/replay", None, SENT, RESENDING),
]

SCOPES = (READ, WRITE, MESSAGES, RESENDING, "conversions:read conversions:write", "conversions:write")


def answering(rig: Rig, payload: Any) -> None:
    async def script(seen: ReceivedRequest) -> None:
        await seen.read_body()
        body = b"" if payload is None else json.dumps(payload).encode()
        seen.answer("200 OK", body, **{"content-type": "application/json"})

    rig.notification.script = script


async def test_each_webhook_call_is_forwarded_for_an_authorized_token(rig: Rig) -> None:
    keys = {
        scope: rig.auth.sign_in(f"{KEY}{number}", sid="k1", scope=scope)
        for number, scope in enumerate(SCOPES)
    }
    for method, path, body, payload, needed in CALLS:
        answering(rig, payload)
        url = f"{rig.url}/v1/webhooks{path}"
        async with rig.http.request(method, url, json=body, headers=SIGNED_IN) as answer:
            assert answer.status < 300, (method, path)
            assert (await answer.json() if payload is not None else None) == payload
        (seen,) = rig.notification.seen
        assert (seen.method, seen.target.partition("?")[0]) == (
            method,
            f"/v1/webhooks{path.partition('?')[0]}",
        )
        assert seen.claims("notification_service")["sub"] == "u1"
        assert json.loads(bytes(seen.body) or b"null") == body
        for scope, key in keys.items():
            headers = {"Authorization": f"Bearer {key}"}
            async with rig.http.request(method, url, json=body, headers=headers) as answer:
                assert (answer.status < 300) is (set(needed.split()) <= set(scope.split())), (path, scope)
                assert answer.status in {200, 201, 202, 204, 403}
        rig.notification.seen.clear()


async def test_a_repeated_creation_makes_one_webhook_and_shows_the_same_secret(rig: Rig) -> None:
    answering(rig, MADE)
    headers = {**SIGNED_IN, "Idempotency-Key": "one"}
    for _ in range(2):
        async with rig.http.post(f"{rig.url}/v1/webhooks", json=NEW, headers=headers) as answer:
            assert (answer.status, await answer.json()) == (201, MADE)
    assert len(rig.notification.seen) == 1
    other = {"url": "https://example.com/other"}
    async with rig.http.post(f"{rig.url}/v1/webhooks", json=other, headers=headers) as answer:
        assert (await answer.json(content_type=None))["code"] == "idempotency_mismatch"


async def test_problems_of_the_service_are_forwarded_and_its_outage_is_503(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(404, "not_found")

    rig.notification.script = refuse
    async with rig.http.get(f"{rig.url}/v1/webhooks/h1", headers=SIGNED_IN) as answer:
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (404, "not_found")
    async with rig.http.get(f"{rig.url}/v1/webhooks/h.1", headers=SIGNED_IN) as answer:
        assert answer.status == 404
    assert len(rig.notification.seen) == 1
    await rig.notification.stop()
    async with rig.http.get(f"{rig.url}/v1/webhooks", headers=SIGNED_IN) as answer:
        problem = await answer.json(content_type=None)
        assert (answer.status, problem["code"], answer.headers["Retry-After"]) == (503, "unavailable", "2")
    async with rig.http.get(f"{rig.url}/readyz") as answer:
        checks = (await answer.json())["checks"]
        assert (answer.status, checks["notification_service"]) == (200, "down")


NO_WEBHOOKS: list[tuple[Any, str]] = [
    ({}, "url"),
    ({"url": 7}, "url"),
    ({"url": "ftp://example.com"}, "url"),
    ({"url": "https://" + "a" * 2048}, "url"),
    ({**NEW, "events": []}, "events"),
    ({**NEW, "events": ["conversion.begun"]}, "events[0]"),
    ({**NEW, "secret": "whsec_mine"}, "secret"),
]


async def test_an_invalid_webhook_is_refused_by_the_gateway(rig: Rig) -> None:
    for body, field in NO_WEBHOOKS:
        async with rig.http.post(f"{rig.url}/v1/webhooks", json=body, headers=SIGNED_IN) as answer:
            problem = await answer.json(content_type=None)
        assert (answer.status, problem["code"]) == (400, "invalid_request")
        assert [each["field"] for each in problem["errors"]] == [field], body
    assert rig.notification.seen == []


SENSITIVE: list[tuple[str, str, Any, str]] = [
    ("POST", "", NEW, "webhook_created"),
    ("PATCH", "/h1", NEW, "webhook_changed"),
    ("POST", "/h1/secret", {}, "webhook_secret_changed"),
]


async def test_a_change_is_announced_with_the_password_and_passed_on_without_it(rig: Rig) -> None:
    for method, path, body, change in SENSITIVE:
        answering(rig, MADE)
        rig.auth.seen.clear()
        sent = {**body, "current_password": "a secret of mine"}
        url = f"{rig.url}/v1/webhooks{path}"
        async with rig.http.request(method, url, json=sent, headers=SIGNED_IN) as answer:
            assert answer.status in {200, 201}
        announced = [seen for seen in rig.auth.seen if seen.target == "/v1/auth/webhook-changes"]
        (seen,) = announced
        assert json.loads(bytes(seen.body)) == {"change": change, "current_password": "a secret of mine"}
        assert seen.claims("auth_service")["sub"] == "u1"
        assert seen.header("tonegate-gateway-authorization")
        assert b"secret of mine" not in bytes(rig.notification.seen[-1].body)


async def test_a_deletion_that_was_refused_is_not_announced(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(404, "not_found")

    rig.notification.script = refuse
    async with rig.http.delete(f"{rig.url}/v1/webhooks/h9", headers=SIGNED_IN) as answer:
        assert answer.status == 404
    assert [seen for seen in rig.auth.seen if seen.target == "/v1/auth/webhook-changes"] == []


async def test_a_deletion_is_done_also_when_it_cannot_be_recorded(rig: Rig) -> None:
    async def no_records(seen: ReceivedRequest) -> None:
        await seen.read_body()
        if seen.target == "/internal/introspect":
            body = json.dumps(rig.auth.tokens["t1"]).encode()
            seen.answer("200 OK", body, **{"content-type": "application/json"})
        else:
            seen.problem(503, "unavailable")

    answering(rig, None)
    rig.auth.script = no_records
    async with rig.http.delete(f"{rig.url}/v1/webhooks/h1", headers=SIGNED_IN) as answer:
        assert answer.status == 204


async def test_a_deletion_is_announced_and_needs_no_proof(rig: Rig) -> None:
    answering(rig, None)
    async with rig.http.delete(f"{rig.url}/v1/webhooks/h1", headers=SIGNED_IN) as answer:
        assert answer.status == 204
    [seen] = [seen for seen in rig.auth.seen if seen.target == "/v1/auth/webhook-changes"]
    assert json.loads(bytes(seen.body)) == {"change": "webhook_deleted"}


async def test_without_a_fresh_proof_no_webhook_is_changed(rig: Rig) -> None:
    async def refuse(seen: ReceivedRequest) -> None:
        await seen.read_body()
        if seen.target == "/internal/introspect":
            body = json.dumps(rig.auth.tokens["t1"]).encode()
            seen.answer("200 OK", body, **{"content-type": "application/json"})
        else:
            seen.problem(403, "proof_required")

    rig.auth.script = refuse
    for method, path, body, _ in SENSITIVE:
        url = f"{rig.url}/v1/webhooks{path}"
        async with rig.http.request(method, url, json=body, headers=SIGNED_IN) as answer:
            assert (answer.status, (await answer.json(content_type=None))["code"]) == (403, "proof_required")
    assert rig.notification.seen == []
    answering(rig, HOOK)
    for change in ({"status": "disabled"}, {"events": ["conversion.failed"]}):
        url = f"{rig.url}/v1/webhooks/h1"
        async with rig.http.patch(url, json=change, headers=SIGNED_IN) as answer:
            assert answer.status == 200, "only another address needs a proof"


async def test_a_repeated_creation_is_announced_once(rig: Rig) -> None:
    answering(rig, MADE)
    headers = {**SIGNED_IN, "Idempotency-Key": "one"}
    for _ in range(2):
        async with rig.http.post(f"{rig.url}/v1/webhooks", json=NEW, headers=headers) as answer:
            assert answer.status == 201
    assert [seen.target for seen in rig.auth.seen].count("/v1/auth/webhook-changes") == 1
