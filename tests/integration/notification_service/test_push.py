"""Web Push of the whole service, with a real broker and database, and a push service of the tests' own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from devstack.ports import free_port
from notification_service.settings import NotificationSettings
from shared.contracts.events import AccountDeleted, ConversionCancelled, SessionRevoked
from shared.messaging.envelope import wrap
from shared.settings import Secret
from tests.integration.notification_service.service_process import publishing, running
from tests.support.event_samples import completed, enveloped, failed
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.push_service import BrowserOfTheTest, PushService, push_service, verified_claims
from tests.support.wait import until

PATH = "/v1/push-subscriptions"


@pytest.fixture
async def there() -> AsyncIterator[PushService]:
    async with push_service() as service:
        yield service


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
        push_http=True,
        push_networks=("127.0.0.0/8",),
        webhook_timeout=timedelta(seconds=60),
    )


class Api:
    """Calls of the HTTP API as an owner."""

    def __init__(self, client: httpx.AsyncClient, issuer: GatewayIssuer) -> None:
        self._client, self._issuer = client, issuer

    async def call(
        self,
        method: str,
        path: str = "",
        owner: str = "ann",
        *,
        token: dict[str, Any] | None = None,
        **more: Any,
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._issuer.token(owner, **(token or {}))}"}
        return await self._client.request(method, f"{PATH}{path}", headers=headers, **more)

    async def subscribe(self, browser: BrowserOfTheTest, owner: str = "ann", session: str = "s1") -> str:
        answer = await self.call("POST", "", owner, token={"sid": session}, json=browser.subscription)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    async def ids(self, owner: str = "ann") -> list[str]:
        items = (await self.call("GET", "", owner)).raise_for_status().json()["items"]
        return [each["id"] for each in items]


@asynccontextmanager
async def served(settings: NotificationSettings, issuer: GatewayIssuer) -> AsyncIterator[Api]:
    async with running(settings) as client:
        yield Api(client, issuer)


async def test_each_end_of_a_conversion_is_pushed_once_to_each_browser_of_its_owner(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService
) -> None:
    browsers = [BrowserOfTheTest(f"{there.url}/{name}") for name in ("phone", "desk")]
    async with served(settings, issuer) as api, publishing(settings) as publisher:
        for browser in browsers:
            await api.subscribe(browser)
        await api.subscribe(BrowserOfTheTest(f"{there.url}/bobs"), "bob")
        key = (await api.call("GET", "/key")).json()["key"]
        ended = enveloped(completed(owner_id="ann", filename="Ünïcode.mp4"))
        broken = enveloped(failed(owner_id="ann"), "event-2")
        for envelope in (ended, ended, broken):
            await publisher.publish(envelope)
        await until(lambda: len(there.got) >= 4, what="four messages")
        await until(lambda: {each.path for each in there.got} == {"/phone", "/desk"})
    assert len(there.got) == 4
    for browser in browsers:
        messages = [each for each in there.got if browser.url.endswith(each.path)]
        read = {
            message["type"]: message for message in map(browser.decrypt, (each.body for each in messages))
        }
        assert read["conversion.completed"]["filename"] == "Ünïcode.mp4"
        assert read["conversion.failed"]["code"] == "no_audio_track"
        for each in messages:
            claims = verified_claims(each.headers["Authorization"])
            assert (claims["aud"], claims["sub"]) == (there.url, "mailto:no-reply@tonegate.example")
            assert each.headers["Authorization"].endswith(f"k={key}")
            assert (each.headers["Content-Encoding"], each.headers["TTL"]) == ("aes128gcm", "86400")
        assert len({each.headers["Topic"] for each in messages}) == 2


@pytest.mark.parametrize("status", [404, 410, 403])
async def test_a_browser_that_has_unsubscribed_is_forgotten(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService, status: int
) -> None:
    there.status = status
    async with served(settings, issuer) as api, publishing(settings) as publisher:
        await api.subscribe(BrowserOfTheTest(f"{there.url}/phone"))
        await publisher.publish(enveloped(completed(owner_id="ann")))

        async def is_forgotten() -> bool:
            return await api.ids() == []

        await until(is_forgotten, what="the subscription is deleted")
    assert len(there.got) == 1


async def test_a_push_service_that_is_down_is_asked_again(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notification_service.push.sender.SCHEDULE", (timedelta(seconds=0.1),) * 20)
    browser = BrowserOfTheTest(f"{there.url}/phone")
    there.status = 503
    async with served(settings, issuer) as api, publishing(settings) as publisher:
        await api.subscribe(browser)
        await publisher.publish(enveloped(completed(owner_id="ann")))
        await until(lambda: len(there.got) >= 2, what="a second attempt")
        there.status = 201
        count = len(there.got)
        await until(lambda: len(there.got) > count, what="the successful attempt")
        assert await api.ids() != []
    assert len({each.headers["Topic"] for each in there.got}) == 1


async def test_a_subscription_ends_with_its_session_and_with_its_account(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService
) -> None:
    async with served(settings, issuer) as api, publishing(settings) as publisher:
        one = await api.subscribe(BrowserOfTheTest(f"{there.url}/1"), session="s1")
        two = await api.subscribe(BrowserOfTheTest(f"{there.url}/2"), session="s2")
        assert set(await api.ids()) == {one, two}
        await publisher.publish(wrap(SessionRevoked(session_id="s1", user_id="ann"), "/test", "ann"))

        async def left(expected: list[str]) -> bool:
            return await api.ids() == expected

        await until(lambda: left([two]), what="only the other session's is left")
        await publisher.publish(wrap(AccountDeleted(user_id="ann"), "/test", "ann"))
        await until(lambda: left([]), what="none is left")


async def test_a_cancelled_conversion_is_not_pushed(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService
) -> None:
    async with served(settings, issuer) as api, publishing(settings) as publisher:
        await api.subscribe(BrowserOfTheTest(f"{there.url}/phone"))
        event = ConversionCancelled(conversion_id="c1", owner_id="ann", filename="a.mp4")
        await publisher.publish(wrap(event, "/test", "c1"))
        await publisher.publish(enveloped(completed(owner_id="ann")))
        await until(lambda: len(there.got) >= 1)
    assert len(there.got) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"endpoint": "https://127.0.0.1/x"}, "endpoint"),
        ({"endpoint": "https://169.254.169.254/latest"}, "endpoint"),
        ({"endpoint": "https://mongo/x"}, "endpoint"),
        ({"endpoint": "https://user:word@push.example.com/x"}, "endpoint"),
        ({"endpoint": "http://push.example.com/x"}, "endpoint"),
        ({"keys": {"p256dh": "A" * 87, "auth": "A" * 22}}, "keys"),
    ],
)
async def test_an_endpoint_that_may_not_be_called_is_refused(
    settings: NotificationSettings, issuer: GatewayIssuer, changes: dict[str, Any], field: str
) -> None:
    public = replace(settings, push_http=False, push_networks=())
    body = {**BrowserOfTheTest("https://push.example.com/1").subscription, **changes}
    async with served(public, issuer) as api:
        answer = await api.call("POST", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_request")
        assert [each["field"] for each in answer.json()["errors"]] == [field]
        assert (
            await api.call("POST", json=BrowserOfTheTest("https://push.example.com/1").subscription)
        ).is_success


async def test_api_keys_have_no_access_and_others_subscriptions_are_not_found(
    settings: NotificationSettings, issuer: GatewayIssuer, there: PushService
) -> None:
    async with served(settings, issuer) as api:
        made = await api.subscribe(BrowserOfTheTest(f"{there.url}/phone"))
        for method, path in (("GET", ""), ("GET", "/key"), ("DELETE", f"/{made}")):
            answer = await api.call(method, path, token={"scope": "conversions:read webhooks:write"})
            assert answer.status_code == 403, path
        assert (await api.call("DELETE", f"/{made}", "bob")).status_code == 404
        assert (await api.call("DELETE", f"/{made}")).status_code == 204
        assert (await api.call("DELETE", f"/{made}")).status_code == 404
