"""WebhookDispatcher and WebhookSender with real receivers, several dispatchers on one store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import web
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from yarl import URL

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.dispatcher import WebhookDispatcher
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.ports import AttemptResult, WebhookClient
from notification_service.webhooks.outbound.resolver import open_system_resolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.retry_policy import SPARE_CLAIMS, DispatchPolicy, Outcome
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.sender import WebhookSender
from notification_service.webhooks.signature import new_secret
from notification_service.webhooks.test_limit import TestLimit
from shared.clock import utc_now
from shared.contracts.webhooks import Attempt
from shared.errors import Unavailable
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from shared.settings import Secret
from tests.support.in_memory.email import MemoryAdmissions, MemoryTakeover
from tests.support.in_memory.webhooks import MemoryDeliveries, MemoryEndpoints
from tests.support.messaging.broker import MemoryBroker
from tests.support.wait import until
from tests.support.webhooks import Receiver, delivery, drop, endpoint, hang, receiver

MOST = 100
SECRET, CIPHER = new_secret(), SecretCipher(Secret("k" * 32))
ADDRESSES = AddressPolicy(parse_networks(["127.0.0.0/8"]))
QUICK = DispatchPolicy(
    lease=timedelta(seconds=5),
    schedule=(timedelta(milliseconds=10),) * 12,
    poll=timedelta(milliseconds=20),
)


@dataclass
class Stores:
    """In-memory stores, and dispatchers that share them."""

    endpoints: MemoryEndpoints = field(default_factory=MemoryEndpoints)
    deliveries: MemoryDeliveries = field(default_factory=MemoryDeliveries)
    publisher: MemoryBroker = field(default_factory=lambda: MemoryBroker((NOTIFICATION_RECORDS,)))
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    takeover: MemoryTakeover = field(default_factory=MemoryTakeover)
    admissions: MemoryAdmissions = field(default_factory=MemoryAdmissions)

    async def hook(self, url: str, owner_id: str = "ann", **changes: object) -> Endpoint:
        made = endpoint(owner_id, url=url, secret=CIPHER.encrypt(SECRET), **changes)
        await self.endpoints.add(made, MOST)
        return made

    async def send(self, to: Endpoint, event_id: str = "event-1") -> Delivery:
        made = delivery(to, event_id)
        await self.deliveries.add([made])
        return made

    def state(self, of: Delivery) -> Delivery:
        return self.deliveries.all[of.id]

    def is_over(self, *these: Delivery) -> bool:
        return all(self.state(each).status != "pending" for each in these)

    @asynccontextmanager
    async def delivering(
        self,
        policy: DispatchPolicy = QUICK,
        timeout: timedelta = timedelta(seconds=1),
        around: Callable[[WebhookClient], WebhookClient] = lambda client: client,
    ) -> AsyncIterator[WebhookDispatcher]:
        async with AsyncExitStack() as stack:
            resolver = stack.enter_context(open_system_resolver(4))
            client = await stack.enter_async_context(open_http_client(ADDRESSES, resolver, timeout))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            sender = WebhookSender(
                self.endpoints,
                self.deliveries,
                DeliveryRecorder(self.deliveries, self.publisher, policy, self.stopping),
                client=around(client),
                urls=UrlPolicy(ADDRESSES, http=True),
                cipher=CIPHER,
                tests=TestLimit(self.admissions, 2),
                policy=policy,
                registry=CollectorRegistry(),
            )
            dispatcher = WebhookDispatcher(self.deliveries, sender, policy, self.takeover)
            tasks.create_task(dispatcher.run())
            try:
                yield dispatcher
            finally:
                await dispatcher.stop(timedelta(seconds=2))


@pytest.fixture
async def there() -> AsyncIterator[Receiver]:
    async with receiver() as running:
        yield running


@pytest.fixture
def stores() -> Stores:
    return Stores()


async def test_a_receiver_that_fails_for_a_while_gets_every_event_once(
    stores: Stores, there: Receiver
) -> None:
    there.answers = [500, drop, 302, 429, hang, 404, drop, 503, 500, 502, drop, 500]
    hook = await stores.hook(there.url)
    sent = [await stores.send(hook, f"event-{number}") for number in range(10)]
    async with stores.delivering(), stores.delivering():
        await until(lambda: stores.is_over(*sent), what="all deliveries are over")
    assert sorted(there.taken) == sorted(each.id for each in sent)
    assert all(call.verified(SECRET) == {"a": 1} for call in there.calls)
    assert {stores.state(each).status for each in sent} == {"delivered"}
    attempts = [attempt for each in sent for attempt in stores.state(each).attempts]
    assert len(attempts) == len(there.calls) == 22
    assert {attempt.error for attempt in attempts} == {
        None,
        "refused",
        "redirected",
        "timed_out",
        "connection_broken",
    }
    assert (await stores.endpoints.get(hook.id)) == hook


async def test_after_the_last_try_a_delivery_fails_and_its_webhook_is_disabled(
    stores: Stores, there: Receiver
) -> None:
    there.answers = [500] * 4
    hook = await stores.hook(there.url)
    sent = await stores.send(hook)
    async with stores.delivering(replace(QUICK, schedule=QUICK.schedule[:3])):
        await until(lambda: stores.endpoints.all[hook.id].disabled_reason, what="it is disabled")
    assert (stores.state(sent).status, len(stores.state(sent).attempts)) == ("failed", 4)
    assert stores.endpoints.all[hook.id].disabled_reason == "failing"


async def test_a_webhook_that_accepted_another_message_stays_enabled(stores: Stores, there: Receiver) -> None:
    async def only_the_second(request: web.Request) -> web.StreamResponse:
        return web.Response(status=204 if request.headers["webhook-id"] == good.id else 500)

    there.answers = [only_the_second] * 20
    hook = await stores.hook(there.url)
    sent, good = await stores.send(hook), delivery(hook, "event-2")
    async with stores.delivering(replace(QUICK, schedule=(timedelta(seconds=1),))):
        await until(lambda: stores.endpoints.all[hook.id].failing_since, what="the first failure")
        await stores.deliveries.add([good])
        await until(lambda: stores.is_over(sent, good), what="both are over")
    assert (stores.state(sent).status, stores.state(good).status) == ("failed", "delivered")
    assert stores.endpoints.all[hook.id].disabled_reason is None


async def test_410_disables_a_webhook_and_fails_its_later_deliveries(stores: Stores, there: Receiver) -> None:
    there.answers = [410]
    hook = await stores.hook(there.url)
    first = await stores.send(hook)
    async with stores.delivering():
        await until(lambda: stores.endpoints.all[hook.id].disabled_reason, what="it is disabled")
        second = await stores.send(hook, "event-2")
        await until(lambda: stores.is_over(first, second), what="both are over")
    assert stores.endpoints.all[hook.id].disabled_reason == "gone"
    assert len(there.calls) == 1
    assert stores.state(second).attempts == ()


async def test_a_slow_receiver_does_not_delay_others(stores: Stores, there: Receiver) -> None:
    policy = replace(QUICK, concurrency=4, per_account=2, per_endpoint=2)
    async with receiver() as slow:
        slow.answers = [hang] * 100
        crowd = [await stores.hook(slow.url) for _ in range(3)]
        for number in range(10):
            for each in crowd:
                await stores.send(each, f"event-{number}")
        async with stores.delivering(policy, timeout=timedelta(seconds=30)) as dispatcher:
            await until(lambda: len(slow.calls) == 2, what="the slow one is busy")
            other = await stores.hook(there.url, "bob")
            sent = [await stores.send(other, f"event-{number}") for number in range(10)]
            await until(lambda: stores.is_over(*sent), what="the other's messages are delivered")
            assert len(slow.calls) == 2
            await dispatcher.stop(timedelta())
    assert len(there.taken) == 10


async def test_deliveries_of_a_deleted_webhook_are_removed_without_a_call(
    stores: Stores, there: Receiver
) -> None:
    hook = await stores.hook(there.url)
    await stores.endpoints.delete("ann", hook.id)
    await stores.send(hook)
    async with stores.delivering():
        await until(lambda: not stores.deliveries.all, what="the message is gone")
    assert there.calls == []


async def test_both_secrets_sign_during_a_rotation(stores: Stores, there: Receiver) -> None:
    new = new_secret()
    hook = await stores.hook(there.url)
    await stores.endpoints.rotate_secret("ann", hook.id, CIPHER.encrypt(new), utc_now() + timedelta(hours=1))
    sent = await stores.send(hook)
    async with stores.delivering():
        await until(lambda: stores.is_over(sent), what="it is delivered")
    for secret in (SECRET, new):
        assert there.calls[0].verified(secret) == {"a": 1}


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://127.0.0.1:25/", "ftp://127.0.0.1:2121/"])
async def test_an_address_that_is_no_longer_allowed_is_not_called(stores: Stores, url: str) -> None:
    hook = await stores.hook(url)
    sent = await stores.send(hook)
    async with stores.delivering(replace(QUICK, schedule=())):
        await until(lambda: stores.is_over(sent), what="it has failed")
    assert [each.error for each in stores.state(sent).attempts] == ["address_not_allowed"]


async def test_a_secret_encrypted_with_another_key_fails_without_a_call(
    stores: Stores, there: Receiver
) -> None:
    hook = await stores.hook(there.url)
    stores.endpoints.all[hook.id] = replace(
        hook, secret=SecretCipher(Secret("another key" * 3)).encrypt(SECRET)
    )
    sent = await stores.send(hook)
    async with stores.delivering(replace(QUICK, schedule=())):
        await until(lambda: stores.is_over(sent), what="it has failed")
    assert [each.error for each in stores.state(sent).attempts] == ["cannot_be_signed"]
    assert there.calls == []


@pytest.mark.parametrize(
    ("claims", "status", "calls"), [(SPARE_CLAIMS + 1, "delivered", 1), (SPARE_CLAIMS + 2, "failed", 0)]
)
async def test_a_delivery_that_was_claimed_without_an_attempt_is_given_up_only_after_some_claims(
    stores: Stores, there: Receiver, claims: int, status: str, calls: int
) -> None:
    """Its processes have died, or were stopped before they sent it."""
    sent = await stores.send(await stores.hook(there.url))
    for _ in range(claims):
        for lane in await stores.deliveries.due_lanes():
            await stores.deliveries.claim(lane, timedelta())
    async with stores.delivering(replace(QUICK, schedule=QUICK.schedule[:1])):
        await until(lambda: stores.is_over(sent), what="it is sent or given up")
    assert (stores.state(sent).status, len(there.calls)) == (status, calls)


class TemporarilyUnavailable(MemoryDeliveries):
    """Raises Unavailable at the first call of `due_lanes` and of `complete`."""

    def __init__(self) -> None:
        super().__init__()
        self.failing = ["due_lanes", "complete"]

    def _fail_once(self, call: str) -> None:
        if call in self.failing:
            self.failing.remove(call)
            raise Unavailable

    async def due_lanes(self) -> Sequence[Lane]:
        self._fail_once("due_lanes")
        return await super().due_lanes()

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        self._fail_once("complete")
        return await super().complete(delivery, attempt, outcome)


async def test_an_unavailable_store_causes_no_second_send(
    there: Receiver,
) -> None:
    stores = Stores(deliveries=TemporarilyUnavailable())
    sent = await stores.send(await stores.hook(there.url))
    policy = replace(QUICK, store_pause=timedelta(milliseconds=20))
    async with stores.delivering(policy):
        await until(lambda: stores.is_over(sent), what="it is delivered")
    assert (len(there.calls), stores.state(sent).status) == (1, "delivered")


class Broken:
    """A WebhookClient whose first call raises an unexpected error."""

    def __init__(self, poster: WebhookClient) -> None:
        self._poster = poster
        self._broke = False

    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> AttemptResult:
        if not self._broke:
            self._broke = True
            raise RuntimeError("a fault")
        return await self._poster.post(target, body, headers)


async def test_an_unexpected_error_does_not_lose_a_delivery(stores: Stores, there: Receiver) -> None:
    sent = await stores.send(await stores.hook(there.url))
    async with stores.delivering(replace(QUICK, lease=timedelta(seconds=0.2)), around=Broken):
        await until(lambda: stores.is_over(sent), what="it is delivered after its lease")
    assert (len(there.calls), stores.state(sent).tries) == (1, 2)


async def test_an_interrupted_delivery_is_sent_again_only_once_its_record_would_have_arrived(
    stores: Stores, there: Receiver
) -> None:
    hook = await stores.hook(there.url)
    interrupted, other = await stores.send(hook, "event-1"), await stores.send(hook, "event-2")
    stores.deliveries.all[interrupted.id] = replace(interrupted, token="of a dead process")
    stores.takeover.is_allowed = False
    async with stores.delivering() as dispatcher:
        await until(lambda: stores.is_over(other), what="the other delivery")
        assert [call.id for call in there.calls] == [other.id]
        stores.takeover.is_allowed = True
        dispatcher.wake()
        await until(lambda: stores.is_over(interrupted), what="the interrupted delivery")
