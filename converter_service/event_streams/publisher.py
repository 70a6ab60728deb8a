"""Best-effort progress broadcast for event streams; only the latest state of a conversion is kept.

Events that must not be lost are in the outbox instead.
"""

import asyncio
from collections import OrderedDict
from typing import TypeVar

import msgspec

from converter_service.conversions.events import SOURCE
from converter_service.conversions.model import Conversion
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.schemas import to_view
from shared.contracts.events import ConversionChanged, ConversionRemoved, Event
from shared.logs import get_logger
from shared.messaging.envelope import wrap
from shared.messaging.errors import PublishFailed
from shared.messaging.ports import Publisher

T = TypeVar("T")

# How many conversions wait while the broker is slow; beyond that the oldest is dropped.
MAX_WAITING = 1_000
# For how many conversions the last published revision is remembered.
MAX_REMEMBERED = 10_000
AFTER_FAILURE_S = 1.0

log = get_logger(__name__)


class ProgressPublisher:
    """`enqueue` never waits, so that clients of event streams cannot slow down uploads and conversions."""

    def __init__(self, publisher: Publisher, paths: PublicPaths) -> None:
        self._publisher = publisher
        self._paths = paths
        self._waiting: OrderedDict[str, Conversion] = OrderedDict()
        self._revisions: OrderedDict[str, int] = OrderedDict()
        self._filled = asyncio.Event()

    def enqueue(self, conversion: Conversion) -> None:
        """To be called with each saved conversion; those without a new revision are not published."""
        if self._revisions.get(conversion.id, -1) >= conversion.revision:
            return
        _put(self._revisions, conversion.id, conversion.revision, MAX_REMEMBERED)
        _put(self._waiting, conversion.id, conversion, MAX_WAITING)
        self._filled.set()

    async def run(self) -> None:
        """Publishes until cancelled. Each error costs one event."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._waiting:
                _, conversion = self._waiting.popitem(last=False)
                await self._publish(conversion)

    async def _publish(self, conversion: Conversion) -> None:
        event = change_event(conversion, self._paths)
        correlation = conversion.correlation_id or None
        try:
            await self._publisher.publish(wrap(event, SOURCE, conversion.id, correlation=correlation))
        except PublishFailed as failed:
            log.debug("progress event not published", type=event.type, reason=str(failed))
            await asyncio.sleep(AFTER_FAILURE_S)
        except Exception:  # the loop must survive every error
            log.exception("progress event not published", type=event.type)


def change_event(conversion: Conversion, paths: PublicPaths) -> Event:
    if conversion.deleted_at:
        return ConversionRemoved(conversion_id=conversion.id)
    return ConversionChanged(
        conversion_id=conversion.id,
        edition=conversion.revision,
        status=conversion.status.value,
        conversion=msgspec.to_builtins(to_view(conversion, paths)),
    )


def _put(kept: "OrderedDict[str, T]", key: str, value: T, most: int) -> None:
    """Adds an entry as the newest; beyond `most` entries removes the oldest."""
    kept.pop(key, None)
    kept[key] = value
    if len(kept) > most:
        kept.popitem(last=False)
