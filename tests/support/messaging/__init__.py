"""In-memory broker and outbox store with the contract of the real ones, for tests."""

from tests.support.messaging.broker import MemoryBroker

__all__ = ["MemoryBroker"]
