"""Events → use-cases of the worker."""

from datetime import timedelta
from typing import TypeAlias

import msgspec

from converter_service.conversions.model import State
from converter_service.event_streams.hub import Hub, Snapshot
from converter_service.jobs.job import Work
from converter_service.maintenance.account_deletion import AccountDeletion
from shared.clock import Clock
from shared.contracts.events import (
    AccountDeleted,
    ConversionCancelled,
    ConversionChanged,
    ConversionCompleted,
    ConversionFailed,
    ConversionRemoved,
    VideoUploaded,
)
from shared.errors import Unavailable
from shared.messaging.ports import Broadcast, Broker, Consumer, Delivery, Handlers, Retry
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS, CONVERTER_WORKER

# For so long after an account has gone, an upload that was let in before may still begin.
LATECOMERS = timedelta(minutes=1)
STORE_PAUSE_S = 5.0

Moved: TypeAlias = VideoUploaded | ConversionCompleted | ConversionFailed | ConversionCancelled
MOVED = (VideoUploaded, ConversionCompleted, ConversionFailed, ConversionCancelled)


def handlers(work: Work) -> Handlers:
    async def convert(event: VideoUploaded, _: Delivery) -> None:
        await work.run(event.conversion_id)

    return Handlers({VideoUploaded: convert}, expected=CONVERTER_WORKER.events)


def stopping(broker: Broker, work: Work) -> Consumer:
    """Hears of conversions that nobody wants any more. It is only a hint: the record has the last word, and
    a run that misses the hint looks there within a second.
    """

    async def cancelled(event: ConversionCancelled, _: Delivery) -> None:
        work.look(event.conversion_id)

    async def removed(event: ConversionRemoved, _: Delivery) -> None:
        work.look(event.conversion_id)

    broadcast = Broadcast(name="converter.stopping", events=(ConversionCancelled, ConversionRemoved))
    handlers = Handlers(
        {ConversionCancelled: cancelled, ConversionRemoved: removed}, expected=broadcast.events
    )
    return broker.listener(broadcast, handlers)


def watching(broker: Broker, hub: Hub) -> Consumer:
    """News of conversions for those who watch them at this replica. What was published with the change itself
    tells at once; what comes from the outbox is not missed.
    """

    async def changed(event: ConversionChanged, _: Delivery) -> None:
        body = msgspec.json.encode(event.conversion)
        hub.offer(event.conversion_id, Snapshot(event.edition, State(event.status), body))

    async def removed(event: ConversionRemoved, _: Delivery) -> None:
        await hub.look(event.conversion_id)

    async def moved(event: Moved, _: Delivery) -> None:
        await hub.look_unless_over(event.conversion_id)

    broadcast = Broadcast(
        name="converter.watching",
        events=(*MOVED, ConversionChanged, ConversionRemoved),
        on_gap=hub.look_at_all,
    )
    handlers = Handlers(
        {ConversionChanged: changed, ConversionRemoved: removed, **dict.fromkeys(MOVED, moved)},
        expected=broadcast.events,
    )
    return broker.listener(broadcast, handlers)


def account_handlers(account_deletion: AccountDeletion, clock: Clock) -> Handlers:
    async def delete_all(event: AccountDeleted, delivery: Delivery) -> None:
        """At once, and once more when nobody can come late any more."""
        try:
            await account_deletion.delete_all(event.user_id)
            left = delivery.envelope.time + LATECOMERS - clock()
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        if left > timedelta():
            raise Retry(left.total_seconds() + 1, "once more, for what began meanwhile", counts=False)

    return Handlers({AccountDeleted: delete_all}, expected=CONVERTER_ACCOUNTS.events)
