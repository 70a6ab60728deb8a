"""The clock of the MongoDB server, measured in the background."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bson.codec_options import CodecOptions
from msgspec import Struct

from shared.clock import whole_milliseconds
from shared.errors import Unavailable
from shared.logs import get_logger
from shared.mongo import Database, mongo_errors

TZ_AWARE = CodecOptions[dict[str, Any]](tz_aware=True)
REFRESH_S = 10.0
RETRY_S = 1.0
# Error added per second of an estimate's age; ten times the drift of a bad quartz.
DRIFT = 0.001

log = get_logger(__name__)


class Estimate(Struct, frozen=True):
    """MongoDB's Unix time is this machine's monotonic time plus `offset_s`, within `error_s`, as of `at`."""

    offset_s: float
    error_s: float
    at: float

    def error_after(self, moment: float) -> float:
        return self.error_s + (moment - self.at) * DRIFT

    def yields_to(self, newer: "Estimate") -> bool:
        """True if `newer` is more exact, or contradicts this one (another primary, or the machine slept)."""
        error_s = self.error_after(newer.at)
        apart_s = abs(newer.offset_s - self.offset_s)
        return newer.error_s <= error_s or apart_s > newer.error_s + error_s


class ServerClock:
    """A Clock that follows the primary's; between two measurements it advances with the monotonic clock."""

    def __init__(self, database: Database, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._monotonic = monotonic
        self._estimate: Estimate | None = None

    def __call__(self) -> datetime:
        """UTC, in whole milliseconds. Raises Unavailable before the first measurement."""
        if self._estimate is None:
            raise Unavailable("The store has not been reached yet.")
        return whole_milliseconds(datetime.fromtimestamp(self._estimate.offset_s + self._monotonic(), UTC))

    async def ask(self) -> None:
        """Measures the offset once; half of the round trip is its error. Raises Unavailable."""
        sent = self._monotonic()
        with mongo_errors():
            answer = await self._database.command("hello", codec_options=TZ_AWARE)
        received = self._monotonic()
        middle = (sent + received) / 2
        newer = Estimate(answer["localTime"].timestamp() - middle, (received - sent) / 2, received)
        if self._estimate is None or self._estimate.yields_to(newer):
            self._estimate = newer

    async def run(self) -> None:
        """Measures every REFRESH_S, until cancelled."""
        while True:
            try:
                await self.ask()
            except Unavailable:
                log.warning("MongoDB's time could not be read")
            await asyncio.sleep(RETRY_S if self._estimate is None else REFRESH_S)
