"""Mistakes that somebody could make, planted in the program to see that the checks find each of them."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from aio_pika.abc import AbstractIncomingMessage

from converter_service.adapters.mongo import reachable
from converter_service.adapters.mongo_conversions import MongoConversions
from converter_service.conversion import Conversion, Lease, State
from converter_service.moves import table
from notification_service.adapters.mongo import MongoLedger
from notification_service.ports import Claim, Granted
from shared.messaging.envelope import Envelope
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.rabbitmq.inbox import Inbox


def acknowledge_before_storing() -> None:
    """A message is acknowledged as it arrives: who dies at work takes it along."""
    handle = Inbox.handle

    async def hasty(self: Inbox, message: AbstractIncomingMessage) -> None:
        await message.ack()
        await handle(self, message)

    Inbox.handle = hasty  # type: ignore[method-assign]


def publish_before_committing() -> None:
    """Events go out before the change is stored: who dies between tells it all again."""
    brokers: list[RabbitMQ] = []
    enter, save = RabbitMQ.__aenter__, MongoConversions.save

    async def remembered(self: RabbitMQ) -> RabbitMQ:
        brokers.append(self)
        return await enter(self)

    async def told_first(self: MongoConversions, conversion: Conversion, *events: Envelope) -> Conversion:
        for event in events:
            await brokers[0].publish(event)
        return await save(self, conversion)

    RabbitMQ.__aenter__ = remembered  # type: ignore[assignment]
    MongoConversions.save = told_first  # type: ignore[method-assign]


def no_fencing() -> None:
    """Neither version, token nor state is asked for: whoever saves last wins, be it a zombie."""
    save = MongoConversions.save

    async def over_anything(self: MongoConversions, conversion: Conversion, *events: Envelope) -> Conversion:
        with reachable():
            await self._documents.update_one(
                {"_id": conversion.id}, {"$set": {"version": conversion.version}}
            )
        return await save(self, conversion, *events)

    def anybody(conversion: Conversion, token: str) -> Lease:
        return conversion.lease or Lease(token, "a zombie", conversion.created_at)

    MongoConversions.save = over_anything  # type: ignore[method-assign]
    Conversion.held_by = anybody  # type: ignore[method-assign, assignment]
    table.MOVES = dict.fromkeys(State, frozenset(State))  # type: ignore[misc]


def no_ledger() -> None:
    """Every delivery of an event is a mail."""
    claim = MongoLedger.claim

    async def always(self: MongoLedger, event_id: str, lease: timedelta) -> Claim:
        found = await claim(self, event_id, lease)
        return found if isinstance(found, Granted) else Granted(token="", attempts=0, since=EPOCH)

    MongoLedger.claim = always  # type: ignore[method-assign]


EPOCH = datetime(2026, 1, 1, tzinfo=UTC)

BUGS: Mapping[str, Callable[[], None]] = {
    each.__name__: each
    for each in (acknowledge_before_storing, publish_before_committing, no_fencing, no_ledger)
}


def plant(bug: str) -> None:
    """Raises KeyError for one that is not known."""
    BUGS[bug]()
