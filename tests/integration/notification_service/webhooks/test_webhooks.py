"""Webhooks of the whole service with a real broker, database, access tokens and receiver."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from aiohttp import web
from msgspec.structs import replace
from pymongo import AsyncMongoClient

from devstack.ports import free_port
from notification_service.settings import NotificationSettings
from shared.contracts.events import AccountDeleted
from shared.logs import configure
from shared.messaging.envelope import wrap
from shared.settings import Secret
from tests.integration.notification_service.service_process import is_ready, publishing, running
from tests.support.event_samples import completed, enveloped, failed
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.wait import PATIENCE_S, until
from tests.support.webhooks import Receiver, receiver

LOOPBACK = ("127.0.0.0/8",)


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as running:
        yield running


@pytest.fixture
def issuer() -> GatewayIssuer:
    return GatewayIssuer("notification_service")


@pytest.fixture
def settings(amqp_url: str, mongo_url: str, issuer: GatewayIssuer) -> NotificationSettings:
    return NotificationSettings(
        amqp_url=Secret(amqp_url),
        mongo_url=Secret(mongo_url),
        smtp_url=Secret(f"smtp://127.0.0.1:{free_port()}"),
        sender="Tonegate <no-reply@tonegate.example>",
        public_url="https://tonegate.example",
        port=free_port(),
        metrics_port=free_port(),
        gateway_public_keys=issuer.public_keys,
        link_key=Secret("l" * 32),
        webhook_key=Secret("k" * 32),
        webhook_http=True,
        webhook_networks=LOOPBACK,
        # Long enough that a slow machine causes no second send.
        webhook_timeout=timedelta(seconds=60),
        webhook_retries=("0.1s",) * 9,
        webhooks_per_account=3,
    )


class Api:
    """Calls of the HTTP API as an owner."""

    def __init__(self, client: httpx.AsyncClient, issuer: GatewayIssuer) -> None:
        self._client, self._issuer = client, issuer

    async def call(
        self, method: str, path: str = "", owner: str = "ann", *, scope: str | None = None, **more: Any
    ) -> httpx.Response:
        token = self._issuer.token(owner, **({"scope": scope} if scope is not None else {}))
        headers = {"Authorization": f"Bearer {token}"}
        return await self._client.request(method, f"/v1/webhooks{path}", headers=headers, **more)

    async def made(self, url: str, owner: str = "ann", **more: Any) -> Any:
        answer = await self.call("POST", "", owner, json={"url": url, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def log(self, webhook: Any, owner: str = "ann", query: str = "") -> Any:
        answer = await self.call("GET", f"/{webhook['id']}/deliveries{query}", owner)
        return answer.raise_for_status().json()


@asynccontextmanager
async def served(settings: NotificationSettings, issuer: GatewayIssuer) -> AsyncIterator[Api]:
    async with running(settings) as client:
        yield Api(client, issuer)


@asynccontextmanager
async def process(settings: NotificationSettings) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs the service in its own process, which a test can kill."""
    given = {
        "AMQP_URL": settings.amqp_url.reveal(),
        "GATEWAY_PUBLIC_URL": settings.public_url,
        "GATEWAY_PUBLIC_KEYS": settings.gateway_public_keys,
        "NOTIFICATION_MONGO_URL": settings.mongo_url.reveal(),
        "NOTIFICATION_SMTP_URL": settings.smtp_url.reveal(),
        "NOTIFICATION_FROM": settings.sender,
        "NOTIFICATION_PORT": str(settings.port),
        "NOTIFICATION_METRICS_PORT": str(settings.metrics_port),
        "CONVERTER_LINK_KEY": settings.link_key.reveal(),
        "NOTIFICATION_WEBHOOK_KEY": settings.webhook_key.reveal(),
        "NOTIFICATION_WEBHOOK_HTTP": "true",
        "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": ",".join(settings.webhook_networks),
        "NOTIFICATION_WEBHOOK_TIMEOUT": f"{settings.webhook_timeout.total_seconds()}s",
        "NOTIFICATION_WEBHOOK_RETRIES": ",".join(settings.webhook_retries),
        "LOG_LEVEL": "error",
    }
    command = (sys.executable, "-m", "notification_service")
    running = await asyncio.create_subprocess_exec(*command, env={**os.environ, **given})
    try:
        yield running
    finally:
        if running.returncode is None:
            running.kill()
        await running.wait()


async def test_one_host_gets_a_few_test_messages_a_minute_from_all_accounts_together(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with served(settings, issuer) as api:
        webhooks = {owner: await api.made(there.url, owner) for owner in ("ann", "bob")}
        statuses = []
        for number in range(20):
            owner = ("ann", "bob")[number % 2]
            statuses.append((await api.call("POST", f"/{webhooks[owner]['id']}/test", owner)).status_code)
        assert statuses == [202] * 10 + [429] * 10
        refused = await api.call("POST", f"/{webhooks['ann']['id']}/test")
        assert (refused.json()["code"], refused.headers["Retry-After"]) == ("rate_limited", "60")
        await until(lambda: len(there.taken) == 10, what="ten messages")


async def test_events_are_delivered_once_signed_and_logged(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    there.answers = [500, 503]
    async with served(settings, issuer) as api, publishing(settings) as broker:
        both = await api.made(there.url)
        failures = await api.made(there.url.replace("hook", "failures"), events=["conversion.failed"])
        await api.made(there.url.replace("hook", "bobs"), "bob")
        for _ in range(3):
            await broker.publish(enveloped(completed(owner_id="ann", recipient="")))
        await broker.publish(enveloped(failed(owner_id="ann", recipient=""), "event-2"))
        await until(lambda: len(there.taken) == 3, what="all three are taken")
        logs = await until(lambda: _delivered(api, both, 2), what="the log says so")
        (failure,) = await until(lambda: _delivered(api, failures, 1), what="the other log says so")
        assert failure["type"] == "conversion.failed"
        assert await api.log(failures, query="?status=pending") == {"items": [], "next_cursor": None}
        assert len(there.calls) == 5
        assert len(set(there.taken)) == 3
    for call in there.calls:
        payload = call.verified(both["secret"] if call.path == "/hook" else failures["secret"])
        assert payload["type"] in {"conversion.completed", "conversion.failed"}
        assert payload["timestamp"] == "2026-11-20T10:00:00Z"
        assert payload["data"]["url"].startswith("https://tonegate.example/v1/conversions/")
    taken = {call.id: call.payload for call in there.calls if call.path == "/hook"}
    assert {each["id"]: each["payload"] for each in logs} == taken
    assert sum(len(each["attempts"]) for each in logs) >= 2
    assert all(each["attempts"][-1]["status"] == 204 for each in logs)


async def _delivered(api: Api, webhook: Any, count: int) -> Any:
    items = (await api.log(webhook, query="?status=delivered"))["items"]
    return items if len(items) == count else None


async def test_deliveries_are_paged_and_replayed_with_their_id(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with served(settings, issuer) as api:
        hook = await api.made(there.url)
        for _ in range(3):
            answer = await api.call("POST", f"/{hook['id']}/test")
            assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        await until(lambda: _delivered(api, hook, 3), what="all are delivered")
        first = await api.log(hook, query="?limit=2")
        rest = await api.log(hook, query=f"?limit=2&cursor={first['next_cursor']}")
        assert rest["next_cursor"] is None
        found = [*first["items"], *rest["items"]]
        assert sorted(each["id"] for each in found) == sorted(there.taken)
        again = found[0]["id"]
        answer = await api.call("POST", f"/{hook['id']}/deliveries/{again}/replay")
        assert (answer.status_code, answer.json()["id"]) == (202, again)
        await until(lambda: there.taken.count(again) >= 2, what="it came again")
        assert there.calls[-1].verified(hook["secret"])["type"] == "webhook.test"
        assert (await api.call("POST", f"/{hook['id']}/deliveries/another/replay")).status_code == 404
        await api.call("PATCH", f"/{hook['id']}", json={"status": "disabled"})
        for path in ("test", f"deliveries/{again}/replay"):
            assert (await api.call("POST", f"/{hook['id']}/{path}")).json()["code"] == "conflict"


async def test_a_webhook_is_created_read_updated_and_deleted(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with served(settings, issuer) as api:
        made = await api.made(there.url)
        secret = made.pop("secret")
        assert made["events"] == ["conversion.completed", "conversion.failed", "conversion.cancelled"]
        assert (await api.call("GET")).json() == {"items": [made]}
        assert (await api.call("GET", f"/{made['id']}")).json() == made
        change = {"events": ["conversion.failed"], "status": "disabled"}
        changed = (await api.call("PATCH", f"/{made['id']}", json=change)).json()
        assert changed["disabled_at"]
        assert changed == {
            **made,
            "events": ["conversion.failed"],
            "status": "disabled",
            "disabled_reason": "asked",
            "disabled_at": changed["disabled_at"],
        }
        changed = (await api.call("PATCH", f"/{made['id']}", json={"status": "enabled"})).json()
        assert changed == {**made, "events": ["conversion.failed"]}
        new = (await api.call("POST", f"/{made['id']}/secret")).json()["secret"]
        assert new != secret
        async with AsyncMongoClient[Any](settings.mongo_url.reveal()) as client:
            stored = str(await client.get_default_database()["webhooks"].find().to_list())
        assert secret not in stored
        assert new not in stored
        await api.call("POST", f"/{made['id']}/test")
        await until(lambda: there.calls, what="the test message")
        for each in (secret, new):
            assert there.calls[0].verified(each)
        for _ in range(2):
            await api.made(there.url)
        answer = await api.call("POST", json={"url": there.url})
        assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
        assert (await api.call("DELETE", f"/{made['id']}")).status_code == 204
        assert (await api.call("GET", f"/{made['id']}")).status_code == 404
        assert len((await api.call("GET")).json()["items"]) == 2


async def test_owner_and_scope_are_enforced(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with served(settings, issuer) as api:
        anns, bobs = await api.made(there.url), await api.made(there.url, "bob")
        sent = (await api.call("POST", f"/{anns['id']}/test")).json()
        rows: list[tuple[str, str, Any]] = [
            ("GET", "", None),
            ("PATCH", "", {"status": "disabled"}),
            ("DELETE", "", None),
            ("POST", "/secret", None),
            ("POST", "/test", None),
            ("GET", "/deliveries", None),
            ("POST", f"/deliveries/{sent['id']}/replay", None),
        ]
        for method, path, body in rows:
            answer = await api.call(method, f"/{anns['id']}{path}", "bob", json=body)
            assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), (method, path)
            other = "webhooks:write" if method == "GET" else "webhooks:read"
            for scope in (other, "conversions:read conversions:write"):
                answer = await api.call(method, f"/{anns['id']}{path}", scope=scope, json=body)
                assert answer.status_code == 403, (method, path)
        theirs = await api.call("POST", f"/{bobs['id']}/deliveries/{sent['id']}/replay", "bob")
        assert theirs.status_code == 404
        assert [each["id"] for each in (await api.call("GET", owner="bob")).json()["items"]] == [bobs["id"]]
        assert (await api.call("GET", f"/{anns['id']}")).json()["status"] == "enabled"
        async with httpx.AsyncClient(timeout=PATIENCE_S) as nobody:
            url = f"http://127.0.0.1:{settings.port}/v1/webhooks"
            assert (await nobody.get(url)).status_code == 401
            assert (await nobody.get(url, headers={"Authorization": "Bearer x.y.z"})).status_code == 401


async def test_a_key_that_may_not_read_conversions_gets_no_links_to_their_audio(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with served(settings, issuer) as api, publishing(settings) as broker:
        whole = await api.made(there.url)
        answer = await api.call(
            "POST", scope="webhooks:write", json={"url": there.url.replace("hook", "narrow")}
        )
        narrow = answer.json()
        assert answer.status_code == 201
        await broker.publish(enveloped(completed(owner_id="ann", recipient="")))
        await until(lambda: len(there.taken) == 2, what="both are taken")
        links = {call.path: call.payload["data"]["link"] is not None for call in there.calls}
        assert links == {"/hook": True, "/narrow": False}
        reading = "webhooks:read webhooks:write"
        for method, path in (("GET", "/deliveries"), ("POST", f"/deliveries/{there.calls[0].id}/replay")):
            answer = await api.call(method, f"/{whole['id']}{path}", scope=reading)
            assert answer.status_code == 403, "messages have the links"
        url = {"url": there.url.replace("hook", "elsewhere")}
        moved = await api.call("PATCH", f"/{whole['id']}", scope="webhooks:write", json=url)
        assert (moved.status_code, moved.json()["code"]) == (403, "forbidden")
        moved = await api.call("PATCH", f"/{narrow['id']}", scope="webhooks:write", json=url)
        assert moved.status_code == 200
        both = f"{reading} conversions:read"
        assert (await api.call("GET", f"/{whole['id']}/deliveries", scope=both)).status_code == 200


async def test_an_address_that_is_not_allowed_is_refused_with_its_field(
    settings: NotificationSettings, issuer: GatewayIssuer
) -> None:
    async with served(replace(settings, webhook_networks=()), issuer) as api:
        for url in ("http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]/", "http://10.0.0.1/"):
            answer = await api.call("POST", json={"url": url})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request"), url
            assert [each["field"] for each in answer.json()["errors"]] == ["url"]
        hook = await api.made("http://unknown.invalid/hook")  # resolved at each attempt
        answer = await api.call("PATCH", f"/{hook['id']}", json={"url": "http://169.254.169.254/"})
        assert answer.json()["errors"][0]["field"] == "url"


async def test_a_deleted_account_leaves_no_webhook_and_no_delivery(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    there.answers = [500] * 9
    patient = replace(settings, webhook_retries=("1h",))
    async with served(patient, issuer) as api, publishing(settings) as broker:
        for owner in ("ann", "bob"):
            hook = await api.made(there.url, owner)
            await api.call("POST", f"/{hook['id']}/test", owner)
        await until(lambda: len(there.calls) == 2, what="both have been tried once")
        long_ago = datetime.now(UTC) - timedelta(hours=1)
        await broker.publish(wrap(AccountDeleted(user_id="ann"), "tonegate/auth", "ann", time=long_ago))
        await until(lambda: _left(settings, {"webhooks": 1, "webhook_deliveries": 1}), what="all is gone")
        assert (await api.call("GET")).json() == {"items": []}
        assert len((await api.call("GET", owner="bob")).json()["items"]) == 1


async def _left(settings: NotificationSettings, wanted: dict[str, int]) -> bool:
    async with AsyncMongoClient[Any](settings.mongo_url.reveal()) as client:
        database = client.get_default_database()
        return {name: await database[name].count_documents({}) for name in wanted} == wanted


async def _lapsed(settings: NotificationSettings) -> int:
    """Ends all leases; returns how many there were."""
    async with AsyncMongoClient[Any](settings.mongo_url.reveal()) as client:
        deliveries = client.get_default_database()["webhook_deliveries"]
        now = datetime.now(UTC)
        return (
            await deliveries.update_many(
                {"token": {"$ne": ""}, "due_at": {"$gt": now}}, {"$set": {"due_at": now}}
            )
        ).modified_count


async def test_a_process_killed_before_it_recorded_a_delivery_sends_the_same_id_again(
    settings: NotificationSettings, issuer: GatewayIssuer, there: Receiver
) -> None:
    async with process(settings) as doomed:

        async def kill(_: web.Request) -> web.StreamResponse:
            doomed.send_signal(signal.SIGKILL)
            await doomed.wait()
            return web.Response(status=204)

        there.answers = [kill]
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{settings.port}", timeout=PATIENCE_S
        ) as client:
            await until(lambda: is_ready(client), what="the service is ready")
            api = Api(client, issuer)
            hook = await api.made(there.url)
            async with publishing(settings) as broker:
                await broker.publish(enveloped(completed(owner_id="ann", recipient="")))
            await until(lambda: doomed.returncode is not None, what="it is dead")
    assert await _lapsed(settings) == 1
    async with served(replace(settings, port=free_port(), metrics_port=free_port()), issuer) as api:
        (item,) = await until(lambda: _delivered(api, hook, 1), what="it is delivered after all")
    first, second = there.calls
    assert first.id == second.id == item["id"]
    assert first.body == second.body
    assert [attempt["status"] for attempt in item["attempts"]] == [204]
    assert second.verified(hook["secret"])


@pytest.mark.parametrize("audience", ["auth_service", "converter_service", "tonegate"])
async def test_a_token_for_another_service_is_refused(settings: NotificationSettings, audience: str) -> None:
    async with running(settings) as client:
        for aud, status in {"notification_service": 200, audience: 401}.items():
            headers = {"Authorization": f"Bearer {GatewayIssuer('notification_service').token(aud=aud)}"}
            assert (await client.get("/v1/webhooks", headers=headers)).status_code == status


async def test_without_keys_every_token_is_refused_and_the_log_says_so(
    settings: NotificationSettings, issuer: GatewayIssuer, capsys: pytest.CaptureFixture[str]
) -> None:
    configure("error", "json", "test")
    async with served(replace(settings, gateway_public_keys=""), issuer) as api:
        assert (await api.call("GET")).status_code == 401
    assert "GATEWAY_PUBLIC_KEYS is not set: every token is refused" in capsys.readouterr().out
