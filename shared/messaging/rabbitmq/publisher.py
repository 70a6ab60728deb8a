"""Publishing with confirms, bounded in time."""

import asyncio

import aio_pika
from aio_pika.abc import DeliveryMode, HeadersType
from aio_pika.exceptions import DeliveryError, PublishError

from shared.messaging.delivery_history import describe
from shared.messaging.errors import PublishFailed, Unroutable
from shared.messaging.rabbitmq.connection import Link
from shared.tasks import asked_to_end

CONTENT_TYPE = "application/cloudevents+json"


class Sender:
    """All that is published in this process goes over one link, apart from the consumers'.

    A memory alarm stops the broker from reading a connection that publishes; acknowledgements sent over the
    same connection would be stuck with it.
    """

    def __init__(self, link: Link, timeout_s: float) -> None:
        self._link = link
        self._timeout_s = timeout_s

    async def send(
        self, exchange: str, key: str, body: bytes, headers: HeadersType, *, mandatory: bool = True
    ) -> None:
        """Return when the broker confirmed it. Raises PublishFailed."""
        # No message_id: aiormq tells returned messages apart by it, so it sets a unique one; the event's id
        # is in the body.
        message = aio_pika.Message(
            body, headers=headers, content_type=CONTENT_TYPE, delivery_mode=DeliveryMode.PERSISTENT
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                channel = await self._link.channel()
                target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(message, routing_key=key, mandatory=mandatory)
        except TimeoutError as error:
            raise PublishFailed(f"not confirmed within {self._timeout_s:g} s") from error
        except PublishError as error:
            raise Unroutable(f"no queue is bound for {key}") from error
        except DeliveryError as error:
            raise PublishFailed(f"refused by a queue for {key}") from error
        except asyncio.CancelledError as error:
            if asked_to_end():
                raise
            raise PublishFailed("the connection was lost") from error
        except Exception as error:
            raise PublishFailed(describe(error)) from error
