"""The bytes of an upload go into the store, while this process says that it lives; then it is queued."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from typing import Never

from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease_renewal import run_while_renewing
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import Blobs, ConversionStore, Stored
from converter_service.conversions.state_machine import IllegalTransition
from converter_service.conversions.transitions.upload import upload_renewed, uploaded
from converter_service.conversions.update import change
from converter_service.uploads.source import Incoming, checked
from shared.clock import Clock
from shared.errors import Unavailable

LONGEST_UPLOAD_BEAT_S = 3.0
# How long the last save of an upload is tried again, while the store comes and goes; each try takes seconds.
SAVE_AGAIN_FOR_S = 6.0
SAVE_AGAIN_AFTER_S = 0.5


class Storing:
    """`silence` is for how long an upload may say nothing before it counts as dead."""

    def __init__(
        self,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        silence: timedelta,
        clock: Clock,
    ) -> None:
        self._store = store
        self._blobs = blobs
        self._events = events
        self._silence = silence
        self._clock = clock

    async def store(
        self, conversion: Conversion, incoming: Incoming, body: AsyncIterator[bytes]
    ) -> Conversion:
        """The queued conversion. Raises LeaseLost once it was deleted or cancelled, Unavailable when nothing
        can be known, InvalidRequest for options behind the video, and what `body` breaks off with.
        """
        receiving = self._receive(conversion, incoming, body)
        return await run_while_renewing(receiving, self._beat(conversion.id))

    async def _receive(
        self, conversion: Conversion, incoming: Incoming, body: AsyncIterator[bytes]
    ) -> Conversion:
        stored = await self._blobs.write(str(conversion.source_blob), body)
        options = checked(await incoming.fields()).stored()
        return await self._queue(conversion.id, stored, options)

    async def _queue(
        self, conversion_id: str, stored: Stored, options: Mapping[str, str | int | float]
    ) -> Conversion:
        """After a save whose answer was lost it finds its own work done."""
        until = asyncio.get_running_loop().time() + SAVE_AGAIN_FOR_S
        while asyncio.get_running_loop().time() < until:
            try:
                newest = await self._store.get(conversion_id)
                if newest is not None and newest.source.sha256 is not None and not newest.deleted_at:
                    return newest
                return await change(
                    self._store,
                    conversion_id,
                    lambda newest: uploaded(
                        newest, size=stored.size, sha256=stored.sha256, options=options, now=self._clock()
                    ),
                    self._events.uploaded,
                )
            except (Unavailable, IllegalTransition):  # the move is illegal when the lost save lands just now
                await asyncio.sleep(SAVE_AGAIN_AFTER_S)
        raise Unavailable("Whether the video was taken in is not known: see your conversions.")

    async def _beat(self, conversion_id: str) -> Never:
        """Tells now and then that this process is at it, however slow the sender: silence means that it died.
        Raises LeaseLost once the conversion was deleted or cancelled.

        While the store is away nobody can take it for dead. Whether it is away for too long, storing the
        bytes tells. Once all has arrived the beat has nothing to say.
        """
        beat_s = min(LONGEST_UPLOAD_BEAT_S, self._silence.total_seconds() / 4)
        while True:
            await asyncio.sleep(beat_s)
            with contextlib.suppress(Unavailable, IllegalTransition):
                await change(
                    self._store,
                    conversion_id,
                    lambda newest: upload_renewed(newest, self._alive_until()),
                )

    def _alive_until(self) -> datetime:
        return self._clock() + self._silence
