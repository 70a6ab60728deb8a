"""News of conversions for those who watch them: at once, the newest only, and without any promise.

What must not be missed lies in the outbox. This is for what is worth nothing a second later: how far it is.
"""

import asyncio
from collections import OrderedDict
from typing import TypeVar

import msgspec

from converter_service.conversions.events import SOURCE
from converter_service.conversions.model import Conversion
from converter_service.conversions.schemas import shown
from shared.contracts.events import ConversionChanged, ConversionRemoved, Event
from shared.logs import get_logger
from shared.messaging.envelope import wrap
from shared.messaging.ports import Publisher, PublishFailed

T = TypeVar("T")

# How many conversions wait to be told of while the broker is slow; the oldest news is dropped first.
WAITING = 1_000
REMEMBERED = 10_000
AFTER_FAILURE_S = 1.0

log = get_logger(__name__)


class Telling:
    """`note` never waits: whoever converts or uploads must not be held up by who watches."""

    def __init__(self, publisher: Publisher) -> None:
        self._publisher = publisher
        self._waiting: OrderedDict[str, Conversion] = OrderedDict()
        self._noted: OrderedDict[str, int] = OrderedDict()
        self._filled = asyncio.Event()

    def note(self, conversion: Conversion) -> None:
        """To be called with each saved value; those that show nothing new are not told."""
        if self._noted.get(conversion.id, -1) >= conversion.revision:
            return
        _put(self._noted, conversion.id, conversion.revision, REMEMBERED)
        _put(self._waiting, conversion.id, conversion, WAITING)
        self._filled.set()

    async def run(self) -> None:
        """Until cancelled. A fault costs the news that it hit."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                _, conversion = self._waiting.popitem(last=False)
                await self._tell(conversion)

    async def _tell(self, conversion: Conversion) -> None:
        event = news_of(conversion)
        correlation = conversion.correlation_id or None
        try:
            await self._publisher.publish(wrap(event, SOURCE, conversion.id, correlation=correlation))
        except PublishFailed as failed:
            log.debug("nobody was told", type=event.type, reason=str(failed))
            await asyncio.sleep(AFTER_FAILURE_S)
        except Exception:  # a teller that ended would tell nothing ever again
            log.exception("nobody was told", type=event.type)


def news_of(conversion: Conversion) -> Event:
    if conversion.deleted_at:
        return ConversionRemoved(conversion_id=conversion.id)
    return ConversionChanged(
        conversion_id=conversion.id,
        edition=conversion.revision,
        status=conversion.status.value,
        conversion=msgspec.to_builtins(shown(conversion)),
    )


def _put(kept: "OrderedDict[str, T]", key: str, value: T, most: int) -> None:
    """As the newest; beyond `most` the oldest goes."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)
