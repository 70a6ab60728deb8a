"""What notification_service has recorded of a run, in MongoDB and in RabbitMQ."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import aio_pika
from pymongo import MongoClient

from shared.messaging.rabbitmq.topology import Names
from shared.messaging.subscriptions import AUTH_ACCOUNTS
from tests.faults.stops.expectations import REFUSED, Expected
from tests.faults.stops.gone_claims import entry_of
from tests.support.wait import until

IDLE_WITHIN_S = 150.0


@dataclass(frozen=True)
class Progress:
    """`mails` and `webhooks` are sent and recorded; `dead` letters are the mails that were refused for good;
    `pending` names what may still be sent.
    """

    mails: int
    webhooks: int
    dead: int
    pending: tuple[str, ...]


class Records:
    """Reads the database and the queues of one run."""

    def __init__(self, mongo_url: str, amqp_url: str, published: Mapping[str, Expected]) -> None:
        self._mongo_url, self._amqp_url, self._published = mongo_url, amqp_url, published

    async def all_recorded(self) -> None:
        """Waits as long as something is recorded every IDLE_WITHIN_S. Raises AssertionError otherwise."""
        before = await self._progress()
        while self._lacking(before):

            async def further(before: Progress = before) -> Progress | None:
                now = await self._progress()
                return now if now != before else None

            before = await until(further, IDLE_WITHIN_S)

    async def count(self) -> int:
        """The number of events whose mail and webhook are recorded, approximately."""
        progress = await self._progress()
        return min(progress.mails + progress.dead, progress.webhooks)

    async def lacking(self) -> list[str]:
        """What is not recorded, and so may still be sent."""
        return self._lacking(await self._progress())

    def _lacking(self, progress: Progress) -> list[str]:
        events, refused = len(self._published), len(self._refused())
        counts = {
            "mails": (progress.mails, events - refused),
            "webhooks": (progress.webhooks, events),
            "dead letters": (min(progress.dead, refused), refused),
        }
        wrong = [f"{done} of {wanted} {what}" for what, (done, wanted) in counts.items() if done != wanted]
        return [*wrong, *progress.pending]

    async def published_changes(self) -> int:
        """Number of changes of webhooks that were published: nothing consumes auth_service's queue here."""
        return await self._length(AUTH_ACCOUNTS.queue)

    def _refused(self) -> list[str]:
        return [entry_of(each) for each, expected in self._published.items() if expected is REFUSED]

    async def _progress(self) -> Progress:
        dead = await self._length(Names().dead_letters)
        return await asyncio.to_thread(_read, self._mongo_url, self._refused(), dead)

    async def _length(self, queue: str) -> int:
        async with await aio_pika.connect(self._amqp_url) as connection, connection.channel() as channel:
            declared = await channel.declare_queue(queue, passive=True)
            return declared.declaration_result.message_count or 0


def _read(mongo_url: str, refused: Collection[str], dead: int) -> Progress:
    """A refusal that the ledger did not take leaves an entry that looks claimed: the event is dead then."""
    with MongoClient[Mapping[str, Any]](mongo_url) as client:
        database = client.get_default_database()
        ledger, deliveries = database["letters"], database["webhook_deliveries"]
        unsent = ledger.find({"state": {"$ne": "sent"}, "_id": {"$nin": list(refused)}})
        waiting = deliveries.find({"status": {"$ne": "delivered"}})
        changes = database["webhook_outbox"].find()
        return Progress(
            ledger.count_documents({"state": "sent"}),
            deliveries.count_documents({"status": "delivered"}),
            dead,
            (
                *(f"mail {each['_id']} is {each.get('state')}" for each in unsent),
                *(f"webhook {each['_id']} is {each['status']}" for each in waiting),
                *(f"change of a webhook {each['_id']} is in the outbox" for each in changes),
            ),
        )
