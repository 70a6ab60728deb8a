"""WebhookDispatcher stopped at each step of a delivery: what was sent is recorded before `stop` returns."""

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web
from msgspec.structs import replace

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt
from tests.integration.notification_service.webhooks.test_dispatcher import QUICK, Stores
from tests.support.in_memory.webhooks import MemoryDeliveries
from tests.support.wait import until
from tests.support.webhooks import receiver

GRACE = timedelta(seconds=30)


class Halted(MemoryDeliveries):
    """Halts before or after one of its calls, until `go` is set."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self._step = step
        self.reached, self.go = asyncio.Event(), asyncio.Event()

    async def _halt(self, step: str) -> None:
        if step == self._step:
            self.reached.set()
            await self.go.wait()

    async def claim(self, lane: Lane, lease: timedelta, *, takeover: bool = True) -> Delivery | None:
        await self._halt("before claim")
        claimed = await super().claim(lane, lease, takeover=takeover)
        await self._halt("after claim")
        return claimed

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        await self._halt("before record")
        recorded = await super().complete(delivery, attempt, outcome)
        await self._halt("after record")
        return recorded


@pytest.mark.parametrize("step", ["before claim", "after claim", "before record", "after record"])
async def test_a_stop_during_a_store_call_leaves_no_sent_message_unrecorded(step: str) -> None:
    deliveries = Halted(step)
    stores = Stores(deliveries=deliveries)
    async with receiver() as there:
        sent = await stores.send(await stores.hook(there.url))
        async with stores.delivering() as dispatcher:
            await deliveries.reached.wait()
            stop = asyncio.create_task(dispatcher.stop(GRACE))
            await asyncio.sleep(0)
            deliveries.go.set()
            await stop
            assert [call.id for call in there.calls] == [sent.id]
            assert stores.state(sent).status == "delivered"


async def test_a_stop_during_the_response_waits_for_its_record() -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def answer_late(_: web.Request) -> web.StreamResponse:
        asked.set()
        await go.wait()
        return web.Response(status=204)

    stores = Stores()
    async with receiver() as there:
        there.answers = [answer_late]
        sent = await stores.send(await stores.hook(there.url))
        async with stores.delivering() as dispatcher:
            await asked.wait()
            stop = asyncio.create_task(dispatcher.stop(GRACE))
            await asyncio.sleep(0)
            go.set()
            await stop
            assert stores.state(sent).status == "delivered"


async def test_a_dispatcher_that_never_ran_stops_at_once() -> None:
    stores = Stores()
    async with stores.delivering() as dispatcher:
        await dispatcher.stop(GRACE)


async def test_an_attempt_that_would_begin_late_in_its_lease_is_left_to_a_later_claim() -> None:
    stores = Stores()
    async with receiver() as there:
        sent = await stores.send(await stores.hook(there.url))
        async with stores.delivering(replace(QUICK, begin_within=timedelta(seconds=-1))):
            await until(lambda: stores.state(sent).token, what="the claim")
        assert (there.calls, stores.state(sent).status) == ([], "pending")
