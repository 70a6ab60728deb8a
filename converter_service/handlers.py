"""Event handlers of both processes: each event class mapped to a use case."""

from datetime import timedelta
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from converter_service.conversions.model import State
from converter_service.conversions.ports import ConversionStore
from converter_service.event_streams.hub import Hub
from converter_service.event_streams.snapshot import Snapshot
from converter_service.jobs.job import Job
from converter_service.maintenance.account_deletion import AccountDeletion
from shared.clock import Clock
from shared.contracts.events import (
    AccountDeleted,
    ConversionCancelled,
    ConversionChanged,
    ConversionCompleted,
    ConversionFailed,
    ConversionRemoved,
    PasswordWasReset,
    VideoUploaded,
)
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.messaging.errors import Retry
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.ports import Broker, Consumer
from shared.messaging.processes import CANCELLATIONS, CHANGES
from shared.messaging.subscriptions import CONVERTER_ACCOUNTS, CONVERTER_WORKER

# An upload admitted before the deletion of its account may create its record this much later.
LATE_UPLOADS = timedelta(minutes=1)
STORE_PAUSE_S = 5.0

Transition: TypeAlias = VideoUploaded | ConversionCompleted | ConversionFailed | ConversionCancelled
TRANSITIONS = (VideoUploaded, ConversionCompleted, ConversionFailed, ConversionCancelled)


def conversion_handlers(job: Job) -> Handlers:
    """Handlers of the worker's queue: each VideoUploaded lets it run one conversion."""

    async def convert(event: VideoUploaded, _: Delivery) -> None:
        await job.run(event.conversion_id)

    return Handlers({VideoUploaded: convert}, expected=CONVERTER_WORKER.events)


def cancellation_listener(broker: Broker, job: Job) -> Consumer:
    """Broadcast consumer of the worker: stops runs of cancelled or deleted conversions at once.

    A missed event only delays the stop: each renewal of the lease, every second, finds the change as well.
    """

    async def ended(event: ConversionCancelled | ConversionRemoved, _: Delivery) -> None:
        job.heartbeat.check_now(event.conversion_id)

    return broker.listener(
        CANCELLATIONS, Handlers(dict.fromkeys(CANCELLATIONS.events, ended), expected=CANCELLATIONS.events)
    )


def change_listener(broker: Broker, hub: Hub) -> Consumer:
    """Broadcast consumer of the api: passes changes of conversions to the event streams of this replica.

    ConversionChanged is fast but best-effort; the events from the outbox are reliable.
    """

    async def changed(event: ConversionChanged, _: Delivery) -> None:
        body = msgspec.json.encode(event.conversion)
        hub.publish(event.conversion_id, Snapshot(event.edition, State(event.status), body))

    async def removed(event: ConversionRemoved, _: Delivery) -> None:
        await hub.refresh(event.conversion_id)

    async def moved(event: Transition, _: Delivery) -> None:
        await hub.refresh_unless_final(event.conversion_id)

    broadcast = replace(CHANGES, on_gap=hub.refresh_all)
    handlers = Handlers(
        {ConversionChanged: changed, ConversionRemoved: removed, **dict.fromkeys(TRANSITIONS, moved)},
        expected=broadcast.events,
    )
    return broker.listener(broadcast, handlers)


def account_handlers(account_deletion: AccountDeletion, store: ConversionStore, clock: Clock) -> Handlers:
    """Handlers of account events: deletes the conversions of a deleted account, and ends the links to the
    audio of one whose password was reset: who knew the old one may have made some.
    """

    async def delete_all(event: AccountDeleted, delivery: Delivery) -> None:
        """Deletes at once, and again after LATE_UPLOADS."""
        try:
            await account_deletion.delete_all(event.user_id)
            left = delivery.envelope.time + LATE_UPLOADS - clock()
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        if left > timedelta():
            raise Retry(left.total_seconds() + 1, "again, for uploads that began in between", counts=False)

    async def end_links(event: PasswordWasReset, _: Delivery) -> None:
        try:
            ended = await store.end_links(event.user_id, event.reset_at)
        except Unavailable as away:
            raise Retry(STORE_PAUSE_S, str(away), counts=False) from away
        get_logger(__name__).info("links ended after a reset", owner_id=event.user_id, conversions=ended)

    return Handlers(
        {AccountDeleted: delete_all, PasswordWasReset: end_links}, expected=CONVERTER_ACCOUNTS.events
    )
