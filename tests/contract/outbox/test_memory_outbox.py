"""Contract tests of the in-memory outbox store."""

import pytest

from shared.messaging.envelope import Envelope
from shared.messaging.outbox import OutboxStore
from tests.contract.outbox.suite import OutboxRig, OutboxSuite
from tests.support.messaging.outbox import MemoryOutbox


class MemoryOutboxRig:
    def __init__(self) -> None:
        self._outbox = MemoryOutbox()

    async def store(self, envelope: Envelope) -> None:
        await self._outbox.store(envelope)

    def opened(self) -> OutboxStore:
        return self._outbox


class TestMemoryOutbox(OutboxSuite):
    @pytest.fixture
    def rig(self) -> OutboxRig:
        return MemoryOutboxRig()
