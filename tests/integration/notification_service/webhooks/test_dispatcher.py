"""From a due message to a receiver, with several processes' worth of deliverers on one store."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from yarl import URL

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.dispatcher import WebhookDispatcher
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.ports import AttemptResult, WebhookClient
from notification_service.webhooks.outbound.resolver import SystemResolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.retry_policy import DispatchPolicy, Outcome
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.sender import WebhookSender
from notification_service.webhooks.signature import new_secret
from shared.contracts.webhooks import Attempt
from shared.errors import Unavailable
from shared.settings import Secret
from tests.support.memory_webhooks import MemoryDeliveries, MemoryEndpoints
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


def utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Office:
    """Stores, and as many deliverers as one likes."""

    endpoints: MemoryEndpoints = field(default_factory=MemoryEndpoints)
    deliveries: MemoryDeliveries = field(default_factory=MemoryDeliveries)

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
            resolver = stack.enter_context(SystemResolver(4))
            client = await stack.enter_async_context(open_http_client(ADDRESSES, resolver, timeout))
            tasks = await stack.enter_async_context(asyncio.TaskGroup())
            sender = WebhookSender(
                self.endpoints,
                self.deliveries,
                client=around(client),
                urls=UrlPolicy(ADDRESSES, http=True),
                cipher=CIPHER,
                policy=policy,
                registry=CollectorRegistry(),
                now=utc_now,
            )
            dispatcher = WebhookDispatcher(self.deliveries, sender, policy)
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
def office() -> Office:
    return Office()


async def test_a_receiver_that_fails_for_a_while_gets_every_event_and_in_the_end_once_per_id(
    office: Office, there: Receiver
) -> None:
    there.answers = [500, drop, 302, 429, hang, 404, drop, 503, 500, 502, drop, 500]
    hook = await office.hook(there.url)
    sent = [await office.send(hook, f"event-{number}") for number in range(10)]
    async with office.delivering(), office.delivering():
        await until(lambda: office.is_over(*sent), what="all messages are settled")
    assert sorted(there.taken) == sorted(each.id for each in sent)
    assert all(call.verified(SECRET) == {"a": 1} for call in there.calls)
    assert {office.state(each).status for each in sent} == {"delivered"}
    attempts = [attempt for each in sent for attempt in office.state(each).attempts]
    assert len(attempts) == len(there.calls) == 22
    assert {attempt.error for attempt in attempts} == {
        None,
        "refused",
        "redirected",
        "timed_out",
        "connection_broken",
    }
    assert (await office.endpoints.get(hook.id)) == hook


async def test_after_all_tries_it_has_failed_for_good_and_the_webhook_is_disabled(
    office: Office, there: Receiver
) -> None:
    there.answers = [500] * 4
    hook = await office.hook(there.url)
    sent = await office.send(hook)
    async with office.delivering(replace(QUICK, schedule=QUICK.schedule[:3])):
        await until(lambda: office.endpoints.all[hook.id].disabled_reason, what="it is disabled")
    assert (office.state(sent).status, len(office.state(sent).attempts)) == ("failed", 4)
    assert office.endpoints.all[hook.id].disabled_reason == "failing"


async def test_one_that_took_another_message_meanwhile_stays_enabled(office: Office, there: Receiver) -> None:
    async def only_the_second(request: web.Request) -> web.StreamResponse:
        return web.Response(status=204 if request.headers["webhook-id"] == good.id else 500)

    there.answers = [only_the_second] * 20
    hook = await office.hook(there.url)
    sent, good = await office.send(hook), delivery(hook, "event-2")
    async with office.delivering(replace(QUICK, schedule=(timedelta(seconds=1),))):
        await until(lambda: office.endpoints.all[hook.id].failing_since, what="the first failure")
        await office.deliveries.add([good])
        await until(lambda: office.is_over(sent, good), what="both are over")
    assert (office.state(sent).status, office.state(good).status) == ("failed", "delivered")
    assert office.endpoints.all[hook.id].disabled_reason is None


async def test_410_ends_it_at_once_and_for_the_messages_behind_it(office: Office, there: Receiver) -> None:
    there.answers = [410]
    hook = await office.hook(there.url)
    first = await office.send(hook)
    async with office.delivering():
        await until(lambda: office.endpoints.all[hook.id].disabled_reason, what="it is disabled")
        second = await office.send(hook, "event-2")
        await until(lambda: office.is_over(first, second), what="both are over")
    assert office.endpoints.all[hook.id].disabled_reason == "gone"
    assert len(there.calls) == 1
    assert office.state(second).attempts == ()


async def test_one_slow_receiver_holds_up_nobody_else(office: Office, there: Receiver) -> None:
    policy = replace(QUICK, concurrency=4, per_account=2, per_endpoint=2)
    async with receiver() as slow:
        slow.answers = [hang] * 100
        crowd = [await office.hook(slow.url) for _ in range(3)]
        for number in range(10):
            for each in crowd:
                await office.send(each, f"event-{number}")
        async with office.delivering(policy, timeout=timedelta(seconds=30)) as dispatcher:
            await until(lambda: len(slow.calls) == 2, what="the slow one is busy")
            other = await office.hook(there.url, "bob")
            sent = [await office.send(other, f"event-{number}") for number in range(10)]
            await until(lambda: office.is_over(*sent), what="the other's messages are delivered")
            assert len(slow.calls) == 2
            await dispatcher.stop(timedelta())
    assert len(there.taken) == 10


async def test_a_webhook_that_was_removed_is_called_no_more_and_leaves_nothing(
    office: Office, there: Receiver
) -> None:
    hook = await office.hook(there.url)
    await office.endpoints.delete("ann", hook.id)
    await office.send(hook)
    async with office.delivering():
        await until(lambda: not office.deliveries.all, what="the message is gone")
    assert there.calls == []


async def test_both_secrets_sign_while_one_follows_the_other(office: Office, there: Receiver) -> None:
    new = new_secret()
    hook = await office.hook(there.url)
    await office.endpoints.rotate_secret("ann", hook.id, CIPHER.encrypt(new), utc_now() + timedelta(hours=1))
    sent = await office.send(hook)
    async with office.delivering():
        await until(lambda: office.is_over(sent), what="it is delivered")
    for secret in (SECRET, new):
        assert there.calls[0].verified(secret) == {"a": 1}


@pytest.mark.parametrize("url", ["http://10.0.0.1/", "http://127.0.0.1:25/", "ftp://127.0.0.1:2121/"])
async def test_an_address_that_may_no_longer_be_called_is_not(office: Office, url: str) -> None:
    hook = await office.hook(url)
    sent = await office.send(hook)
    async with office.delivering(replace(QUICK, schedule=())):
        await until(lambda: office.is_over(sent), what="it has failed")
    assert [each.error for each in office.state(sent).attempts] == ["address_not_allowed"]


async def test_a_secret_of_another_key_is_said_and_never_sent(office: Office, there: Receiver) -> None:
    hook = await office.hook(there.url)
    office.endpoints.all[hook.id] = replace(
        hook, secret=SecretCipher(Secret("another key" * 3)).encrypt(SECRET)
    )
    sent = await office.send(hook)
    async with office.delivering(replace(QUICK, schedule=())):
        await until(lambda: office.is_over(sent), what="it has failed")
    assert [each.error for each in office.state(sent).attempts] == ["cannot_be_signed"]
    assert there.calls == []


async def test_a_message_that_processes_die_over_has_an_end(office: Office, there: Receiver) -> None:
    sent = await office.send(await office.hook(there.url))
    for _ in range(3):
        for lane in await office.deliveries.due_lanes():
            await office.deliveries.claim(lane, timedelta())
    async with office.delivering(replace(QUICK, schedule=QUICK.schedule[:1])):
        await until(lambda: office.is_over(sent), what="it is given up")
    assert (office.state(sent).status, there.calls) == ("failed", [])


class Absent(MemoryDeliveries):
    """Cannot be reached the first times that it is asked what is due, or told what became of it."""

    def __init__(self) -> None:
        super().__init__()
        self.absences = ["due_lanes", "complete"]

    def _gone(self, call: str) -> None:
        if call in self.absences:
            self.absences.remove(call)
            raise Unavailable

    async def due_lanes(self) -> Sequence[Lane]:
        self._gone("due_lanes")
        return await super().due_lanes()

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        self._gone("complete")
        return await super().complete(delivery, attempt, outcome)


async def test_a_store_that_is_away_for_a_while_costs_no_second_sending(
    there: Receiver,
) -> None:
    office = Office(deliveries=Absent())
    sent = await office.send(await office.hook(there.url))
    policy = replace(QUICK, store_pause=timedelta(milliseconds=20))
    async with office.delivering(policy):
        await until(lambda: office.is_over(sent), what="it is delivered")
    assert (len(there.calls), office.state(sent).status) == (1, "delivered")


class Broken:
    """A Poster with a fault in its program, once."""

    def __init__(self, poster: WebhookClient) -> None:
        self._poster = poster
        self._broke = False

    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> AttemptResult:
        if not self._broke:
            self._broke = True
            raise RuntimeError("a fault")
        return await self._poster.post(target, body, headers)


async def test_a_fault_in_the_program_strands_nothing(office: Office, there: Receiver) -> None:
    sent = await office.send(await office.hook(there.url))
    async with office.delivering(replace(QUICK, lease=timedelta(seconds=0.2)), around=Broken):
        await until(lambda: office.is_over(sent), what="it is delivered after its lease")
    assert (len(there.calls), office.state(sent).tries) == (1, 2)
