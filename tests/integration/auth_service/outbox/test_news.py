"""The news of an ended session, through a real RabbitMQ, as a gateway hears it."""

import time
from functools import partial

from shared.contracts.events import SessionRevoked
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from tests.integration.auth_service.replica import Clock, listening, running, settings
from tests.support.wait import until


async def test_a_gateway_hears_of_a_logout_soon_and_once(
    postgres_url: str, amqp_url: str, clock: Clock
) -> None:
    ours = RabbitMQ(amqp_url, "auth_service", SUBSCRIPTIONS)
    theirs = RabbitMQ(amqp_url, "gateway", SUBSCRIPTIONS)
    async with theirs, running(settings(postgres_url), clock, ours) as replica:
        await replica.ready()
        await until(replica.hears_rabbitmq, what="RabbitMQ is connected")
        async with listening(theirs) as revoked:
            tokens = [(await replica.person()).access_token for _ in range(3)]
            sessions = [(await replica.introspect(token)).json()["sid"] for token in tokens]
            took_s = []
            for number, token in enumerate(tokens, 1):
                started = time.monotonic()
                await replica.logout(token)
                await until(partial(has, revoked, number), what="the news")
                took_s.append(time.monotonic() - started)
            # Where it is looked into from time to time only, all but the first have just missed their turn.
            assert min(took_s[1:]) < 3, "the outbox is woken, not waited for"
    assert [event.session_id for event in revoked] == sessions


def has(events: list[SessionRevoked], number: int) -> bool:
    return len(events) >= number
