"""Adapter of the broker port for RabbitMQ 3.10 and later; the only package that imports aio-pika."""

from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.rabbitmq.timeouts import Timing
from shared.messaging.rabbitmq.topology import Names

__all__ = ["Names", "RabbitMQ", "Timing"]
