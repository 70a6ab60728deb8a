"""Concatenation of partial uploads (tus 1.0.0): the final upload takes over their blobs."""

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.segments import Segment
from converter_service.conversions.transitions.concatenation import (
    assigned_to_final,
    concatenated,
    released_from_final,
)
from converter_service.conversions.transitions.resumable import upload_of
from converter_service.conversions.update import change
from converter_service.errors import PartAlreadyUsed
from converter_service.tus.writer_lock import WriterLock
from shared.clock import Clock
from shared.errors import Unavailable


@dataclass(frozen=True, slots=True)
class Concatenation:
    """The final upload is stored before the parts are assigned to it, so that the record of a part always
    tells who owns its bytes.
    """

    store: ConversionStore
    lock: WriterLock
    clock: Clock

    async def concatenate(self, final: Conversion, parts: Sequence[Conversion]) -> Conversion:
        """`final` is stored already, without bytes. Raises PartAlreadyUsed when a part or `final` is gone, or
        a part belongs to another final upload.
        """
        try:
            segments = [segment for part in parts for segment in await self._assigned(part, final.id)]
            whole = await change(
                self.store,
                final.id,
                lambda newest: concatenated(newest, segments, self.clock()),
                self.lock.events,
            )
        except LeaseLost:  # removed meanwhile
            raise PartAlreadyUsed from None
        with contextlib.suppress(Unavailable):  # the sweeper repeats it
            for part in parts:
                await self.store.remove(part.id)
        return whole

    async def release(self, final_id: str, parts: Sequence[Conversion]) -> None:
        """Makes the parts usable again after their final upload has failed and is deleted."""
        for part in parts:
            with contextlib.suppress(LeaseLost):
                await change(
                    self.store, part.id, lambda newest: released_from_final(newest, final_id, self.clock())
                )

    async def _assigned(self, part: Conversion, final_id: str) -> Sequence[Segment]:
        assigned = await change(self.store, part.id, lambda newest: assigned_to_final(newest, final_id))
        return upload_of(assigned).segments
