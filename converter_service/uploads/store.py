"""Writes an upload's bytes to the blob store, with heartbeats meanwhile, then queues its conversion."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Never

from converter_service.conversions.blobs import Blobs, Stored
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease_renewal import run_while_renewing
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.requested_options import parse_options
from converter_service.conversions.state_machine import IllegalTransition
from converter_service.conversions.transitions.upload import upload_renewed, uploaded
from converter_service.conversions.update import change
from converter_service.uploads.source import UploadSource
from shared.clock import Clock
from shared.errors import Unavailable

LONGEST_UPLOAD_BEAT_S = 3.0
# How long the last save of an upload is retried while the store is unavailable; each attempt takes seconds.
SAVE_AGAIN_FOR_S = 6.0
SAVE_AGAIN_AFTER_S = 0.5


@dataclass(frozen=True, slots=True)
class UploadWriter:
    """`silence` is how long after its last heartbeat an upload counts as dead."""

    store: ConversionStore
    blobs: Blobs
    events: EventFactory
    silence: timedelta
    clock: Clock

    async def write(self, conversion: Conversion, source: UploadSource) -> Conversion:
        """Returns the queued conversion.

        Raises LeaseLost once the conversion is deleted or cancelled, Unavailable when its state cannot be
        determined, InvalidRequest for invalid options behind the video, and the errors of the body.
        """
        return await run_while_renewing(self._write_and_queue(conversion, source), self._beat(conversion.id))

    async def _write_and_queue(self, conversion: Conversion, source: UploadSource) -> Conversion:
        stored = await self.blobs.write(str(conversion.source_blob), source.body)
        options = parse_options(await source.fields()).stored()
        return await self._queue(conversion.id, stored, options)

    async def _queue(
        self, conversion_id: str, stored: Stored, options: Mapping[str, str | int | float]
    ) -> Conversion:
        """Also succeeds when an earlier save went through and only its response was lost."""
        until = asyncio.get_running_loop().time() + SAVE_AGAIN_FOR_S
        while asyncio.get_running_loop().time() < until:
            try:
                newest = await self.store.get(conversion_id)
                if newest is not None and newest.source.sha256 is not None and not newest.deleted_at:
                    return newest
                return await change(
                    self.store,
                    conversion_id,
                    lambda newest: uploaded(
                        newest, size=stored.size, sha256=stored.sha256, options=options, now=self.clock()
                    ),
                    self.events.uploaded,
                )
            except (Unavailable, IllegalTransition):  # IllegalTransition: the lost save has just gone through
                await asyncio.sleep(SAVE_AGAIN_AFTER_S)
        raise Unavailable("Whether the video was accepted is not known: see the list of your conversions.")

    async def _beat(self, conversion_id: str) -> Never:
        """Renews the upload's deadline until cancelled, however slowly its bytes arrive.

        Raises LeaseLost once the conversion is deleted or cancelled. Continues while the store is away: the
        sweeper cannot reach it either, and writing the bytes fails when it is away for too long.
        IllegalTransition means that the upload is complete.
        """
        beat_s = min(LONGEST_UPLOAD_BEAT_S, self.silence.total_seconds() / 4)
        while True:
            await asyncio.sleep(beat_s)
            with contextlib.suppress(Unavailable, IllegalTransition):
                await change(
                    self.store,
                    conversion_id,
                    lambda newest: upload_renewed(newest, self._alive_until()),
                )

    def _alive_until(self) -> datetime:
        return self.clock() + self.silence
