"""Messages that owners cause by calls are limited by the address that receives them, whatever its names."""

from datetime import timedelta
from ipaddress import ip_address

import pytest
from msgspec.structs import replace
from yarl import URL

from notification_service.webhooks.outbound.address_admission import admitting
from notification_service.webhooks.outbound.ports import AttemptResult
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.test_limit import TestLimit
from shared.errors import Unavailable
from tests.integration.notification_service.webhooks.test_dispatcher import QUICK, Stores
from tests.integration.notification_service.webhooks.test_http_client import Names, named, poster
from tests.support.in_memory.email import MemoryAdmissions
from tests.support.wait import until
from tests.support.webhooks import receiver

ONE = [["127.0.0.1"]]


async def posted_by_hand(urls: list[str], names: Names, limit: TestLimit) -> list[AttemptResult]:
    async with poster(names) as client:
        with admitting(limit.admit):
            return [await client.post(URL(url), b"", {"webhook-id": "msg_1"}) for url in urls]


async def test_all_names_of_one_address_have_one_limit_together() -> None:
    hosts = [f"name-{number}.example" for number in range(4)]
    async with receiver() as there:
        urls = [named(there.url, host) for host in hosts]
        names, limit = Names(**dict.fromkeys(hosts, ONE)), TestLimit(MemoryAdmissions(), 2)
        answers = await posted_by_hand([*urls, there.url], names, limit)
        assert [each.error for each in answers] == [None, None, *["rate_limited"] * 3]
        assert len(there.calls) == 2


async def test_a_name_that_leads_elsewhere_at_each_lookup_does_not_escape_the_limit() -> None:
    """The address counts with which the connection is made, not one of an earlier lookup."""
    turning = [["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]]
    async with receiver() as there:
        names, limit = Names(**{"turning.example": turning}), TestLimit(MemoryAdmissions(), 1)
        url = named(there.url, "turning.example")
        answers = await posted_by_hand([url] * 3, names, limit)
        assert [each.error for each in answers] == ["not_connected", None, "rate_limited"]


async def test_of_many_addresses_of_a_name_four_are_used_and_each_counts() -> None:
    many = [[f"127.0.0.{number}" for number in range(2, 40)]]
    admissions = MemoryAdmissions()
    names = Names(**{"many.example": many})
    await posted_by_hand(["http://many.example:9/"], names, TestLimit(admissions, 1))
    assert len(admissions.counters) == 4


async def test_the_addresses_of_one_ipv6_network_have_one_limit() -> None:
    admissions = MemoryAdmissions()
    limit = TestLimit(admissions, 5)
    for literal in ("2606:4700::1", "2606:4700::2", "2606:4700:0:0:ffff::"):
        await limit.admit([ip_address(literal)])
    assert list(admissions.counters) == ["address 2606:4700::/64"]


async def test_the_messages_of_conversions_are_not_limited() -> None:
    async with receiver() as there, poster() as client:
        for _ in range(3):
            assert (await client.post(URL(there.url), b"", {"webhook-id": "msg_1"})).error is None


async def test_without_the_store_of_counts_nothing_is_sent() -> None:
    class Away:
        async def admit(self, *_: object) -> bool:
            raise Unavailable

    async with receiver() as there:
        names = Names(**{"name.example": ONE})
        with pytest.raises(Unavailable):
            await posted_by_hand([named(there.url, "name.example")], names, TestLimit(Away(), 1))
        assert there.calls == []


async def test_a_replay_over_the_limit_waits_and_is_no_failure_of_the_webhook() -> None:
    stores = Stores()
    async with receiver() as there, stores.delivering(replace(QUICK, schedule=(timedelta(hours=1),))):
        hook = await stores.hook(there.url)
        sent = [await stores.send(hook, f"event-{number}") for number in range(3)]
        await until(lambda: stores.is_over(*sent), what="the events are delivered")
        for each in sent:
            await stores.deliveries.replay(Lane("ann", hook.id), each.id)
        await until(lambda: len(there.taken) == 5, what="two of the replays")

        def last_errors() -> list[str | None]:
            return [stores.state(each).attempts[-1].error for each in sent]

        await until(lambda: "rate_limited" in last_errors(), what="the third is refused")
        assert sorted(stores.state(each).status for each in sent) == ["delivered", "delivered", "pending"]
        assert stores.endpoints.all[hook.id].failing_since is None
