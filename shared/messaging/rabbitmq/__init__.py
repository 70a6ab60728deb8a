"""The broker in RabbitMQ 3.10 and later. Nothing outside this package imports aio-pika."""

from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.connection import Timing
from shared.messaging.rabbitmq.topology import Names

__all__ = ["Names", "RabbitMQ", "Timing"]
