"""SessionRevoked events through a real RabbitMQ, as a gateway receives them."""

import time
from functools import partial

from shared.contracts.events import SessionRevoked
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import SUBSCRIPTIONS
from tests.integration.auth_service.replica import Clock, listening, running, settings
from tests.support.wait import until


async def test_a_gateway_receives_a_logout_soon_and_once(
    postgres_url: str, amqp_url: str, clock: Clock
) -> None:
    ours = RabbitMQ(amqp_url, "auth_service", SUBSCRIPTIONS)
    theirs = RabbitMQ(amqp_url, "gateway", SUBSCRIPTIONS)
    async with theirs, running(settings(postgres_url), clock, ours) as replica:
        await replica.ready()
        await until(replica.is_connected_to_rabbitmq, what="RabbitMQ is connected")
        async with listening(theirs) as revoked:
            tokens = [(await replica.person()).access_token for _ in range(3)]
            sessions = [(await replica.introspect(token)).json()["sid"] for token in tokens]
            took_s = []
            for number, token in enumerate(tokens, 1):
                started = time.monotonic()
                await replica.logout(token)
                await until(partial(has, revoked, number), what="SessionRevoked")
                took_s.append(time.monotonic() - started)
            # If the relay only polled, all but the first would wait for the next poll.
            assert min(took_s[1:]) < 3, "the outbox is woken, not waited for"
    assert [event.session_id for event in revoked] == sessions


def has(events: list[SessionRevoked], number: int) -> bool:
    return len(events) >= number
