"""Processor seconds of accounts in memory."""

from datetime import datetime


class MemoryProcessorUse:
    """Implements ProcessorUse."""

    def __init__(self) -> None:
        self._runs: dict[str, tuple[str, float, datetime]] = {}

    async def record(self, run_id: str, owner_id: str, seconds: float, at: datetime) -> None:
        self._runs[run_id] = (owner_id, seconds, at)

    async def used(self, owner_id: str, since: datetime) -> float:
        return sum(seconds for owner, seconds, at in self._runs.values() if owner == owner_id and at >= since)
