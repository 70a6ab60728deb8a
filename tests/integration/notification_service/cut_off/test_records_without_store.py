"""A process that is cut off from MongoDB leaves the records of others to other processes."""

import asyncio

import aio_pika

from notification_service.settings import NotificationSettings
from shared.contracts.events import EmailSent
from shared.messaging.envelope import wrap
from shared.messaging.subscriptions import NOTIFICATION_RECORDS
from shared.mongo import connect, database_of
from shared.settings import Secret
from tests.faults.proxy import Link, LinkState
from tests.integration.notification_service.service_process import is_alive, publishing, running
from tests.support.wait import until

RECORD = EmailSent(entry="/converter event-1", lease_token="token")


async def queue_state(amqp_url: str) -> tuple[int | None, int | None]:
    """Numbers of waiting records and of their consumers."""
    async with await aio_pika.connect(amqp_url) as connection, connection.channel() as channel:
        declared = await channel.declare_queue(NOTIFICATION_RECORDS.queue, passive=True)
        result = declared.declaration_result
        return result.message_count, result.consumer_count


async def test_a_record_is_given_back_and_stored_once_mongodb_is_reached_again(
    settings: NotificationSettings, link: Link, amqp_url: str, mongo_url: str
) -> None:
    async def is_left_alone() -> bool:
        return await queue_state(amqp_url) == (1, 0)

    async def is_recorded() -> bool:
        async with connect(Secret(mongo_url)) as client:
            return await database_of(client)["letters"].find_one({"state": "sent"}) is not None

    await asyncio.to_thread(link.turn, LinkState.CUT)
    async with running(settings, is_ready=is_alive), publishing(settings) as broker:
        await broker.publish(wrap(RECORD, "/test", "token"))
        await until(is_left_alone, what="the record is given back, and nothing more is consumed")
        await asyncio.to_thread(link.turn, LinkState.FAIR)
        await until(is_recorded, what="the record")
        assert (await queue_state(amqp_url))[1] == 1
