"""The broker in this process: the same promises as RabbitMQ's, for tests and for trying things out."""

from tests.support.messaging.broker import MemoryBroker

__all__ = ["MemoryBroker"]
