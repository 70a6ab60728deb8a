"""The time as MongoDB has it: leases are compared between processes, whose own clocks may differ."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bson.codec_options import CodecOptions
from msgspec import Struct

from converter_service.clock import whole_milliseconds
from converter_service.storage.connection import Database, reachable
from shared.errors import Unavailable
from shared.logs import get_logger

WITH_ZONE = CodecOptions[dict[str, Any]](tz_aware=True)
REFRESH_S = 10.0
ASK_AGAIN_S = 1.0
# How much less an estimate is to be trusted per second of its age. Ten times what a bad quartz does.
DRIFT = 0.001

log = get_logger(__name__)


class Estimate(Struct, frozen=True):
    """What to add to the monotonic clock's seconds for MongoDB's Unix time, give or take `error_s`."""

    offset_s: float
    error_s: float
    at: float

    def error_after(self, moment: float) -> float:
        return self.error_s + (moment - self.at) * DRIFT

    def yields_to(self, newer: "Estimate") -> bool:
        """To one that is more exact, or that contradicts it: another primary, or this machine slept."""
        error_s = self.error_after(newer.at)
        apart_s = abs(newer.offset_s - self.offset_s)
        return newer.error_s <= error_s or apart_s > newer.error_s + error_s


class MongoClock:
    """A Clock that follows the primary's. Between two questions it runs on with the monotonic clock."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._estimate: Estimate | None = None

    def __call__(self) -> datetime:
        """UTC. Raises Unavailable until the first answer has come."""
        if self._estimate is None:
            raise Unavailable("The store has not been reached yet.")
        return whole_milliseconds(datetime.fromtimestamp(self._estimate.offset_s + self._monotonic(), UTC))

    async def ask(self) -> None:
        """Raises Unavailable. The answer was given between asking and hearing: half of that is its error."""
        asked = self._monotonic()
        with reachable():
            answer = await self._database.command("hello", codec_options=WITH_ZONE)
        heard = self._monotonic()
        middle = (asked + heard) / 2
        newer = Estimate(answer["localTime"].timestamp() - middle, (heard - asked) / 2, heard)
        if self._estimate is None or self._estimate.yields_to(newer):
            self._estimate = newer

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.ask()
            except Unavailable:
                log.warning("the store cannot be asked for the time")
            await asyncio.sleep(ASK_AGAIN_S if self._estimate is None else REFRESH_S)
