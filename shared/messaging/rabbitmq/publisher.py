"""Publishing with publisher confirms and a timeout."""

import asyncio

import aio_pika
from aio_pika.abc import DeliveryMode, HeadersType
from aio_pika.exceptions import DeliveryError, PublishError

from shared.clock import utc_now
from shared.messaging.delivery_history import describe
from shared.messaging.errors import PublishFailed, Unroutable
from shared.messaging.rabbitmq.connection import Connection
from shared.tasks import cancel_requested

CONTENT_TYPE = "application/cloudevents+json"


class ConfirmingPublisher:
    """Publishes everything in this process over one connection, separate from the consumers'.

    A memory alarm stops the broker from reading connections that publish; acknowledgements sent over the same
    connection would be blocked as well.
    """

    def __init__(self, connection: Connection, timeout_s: float) -> None:
        self._connection = connection
        self._timeout_s = timeout_s

    async def send(
        self, exchange: str, key: str, body: bytes, headers: HeadersType, *, mandatory: bool = True
    ) -> None:
        """Returns once the broker has confirmed the message. Raises PublishFailed, Unroutable."""
        # No message_id: aiormq sets a unique one, by which it matches returned messages; the event's id is in
        # the body.
        message = aio_pika.Message(
            body,
            headers=headers,
            content_type=CONTENT_TYPE,
            delivery_mode=DeliveryMode.PERSISTENT,
            timestamp=utc_now(),
        )
        try:
            async with asyncio.timeout(self._timeout_s):
                channel = await self._connection.channel()
                target = await channel.get_exchange(exchange, ensure=False)
                await target.publish(message, routing_key=key, mandatory=mandatory)
        except TimeoutError as error:
            raise PublishFailed(f"not confirmed within {self._timeout_s:g} s") from error
        except PublishError as error:
            raise Unroutable(f"no queue is bound for {key}") from error
        except DeliveryError as error:
            raise PublishFailed(f"refused by a queue for {key}") from error
        except asyncio.CancelledError as error:
            if cancel_requested():
                raise
            raise PublishFailed("the connection was lost") from error
        except Exception as error:
            raise PublishFailed(describe(error)) from error
