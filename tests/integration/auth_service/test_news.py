"""The news of an ended session, through a real RabbitMQ, as a gateway hears it."""

import time

from shared.messaging.inboxes import INBOXES
from shared.messaging.rabbitmq import RabbitMQ
from tests.integration.auth_service.replica import Clock, listening, running, settings
from tests.support.wait import until


async def test_a_gateway_hears_of_a_logout_soon_and_once(
    postgres_url: str, amqp_url: str, clock: Clock
) -> None:
    ours = RabbitMQ(amqp_url, "auth_service", INBOXES)
    theirs = RabbitMQ(amqp_url, "gateway", INBOXES)
    async with theirs, running(settings(postgres_url), clock, ours) as replica:
        await replica.ready()
        await until(replica.hears_rabbitmq, what="RabbitMQ is connected")
        async with listening(theirs) as revoked:
            person = await replica.person()
            session = (await replica.introspect(person.access_token)).json()["sid"]
            started = time.monotonic()
            await replica.logout(person.access_token)
            await until(lambda: revoked, what="the news")
            assert time.monotonic() - started < 3, "the outbox is woken, not waited for"
    assert [event.session_id for event in revoked] == [session]
