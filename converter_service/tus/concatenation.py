"""Partial uploads become one (tus 1.0.0, concatenation): their blobs change hands, nothing is copied."""

import contextlib
from collections.abc import Sequence

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
from converter_service.tus.locking import Closing
from shared.clock import Clock
from shared.errors import Unavailable


class Joining:
    """The final upload stands before a part is given up to it, so whoever finds a part later can tell what
    has become of its bytes.
    """

    def __init__(self, store: ConversionStore, closing: Closing, clock: Clock) -> None:
        self._store = store
        self._closing = closing
        self._clock = clock

    async def join(self, final: Conversion, parts: Sequence[Conversion]) -> Conversion:
        """`final` is stored, and has no bytes. Raises JoinedAlready when it comes to nothing."""
        try:
            segments = [segment for part in parts for segment in await self._given_up(part, final.id)]
            whole = await change(
                self._store,
                final.id,
                lambda newest: concatenated(newest, segments, self._clock()),
                self._closing.events,
            )
        except LeaseLost:  # swept away or deleted meanwhile
            raise PartAlreadyUsed from None
        with contextlib.suppress(Unavailable):  # the sweeper does it later
            for part in parts:
                await self._store.remove(part.id)
        return whole

    async def give_back(self, final_id: str, parts: Sequence[Conversion]) -> None:
        """After a join that came to nothing, once its final upload is gone. The rest expires with time."""
        for part in parts:
            with contextlib.suppress(LeaseLost):
                await change(
                    self._store, part.id, lambda newest: released_from_final(newest, final_id, self._clock())
                )

    async def _given_up(self, part: Conversion, final_id: str) -> Sequence[Segment]:
        given = await change(self._store, part.id, lambda newest: assigned_to_final(newest, final_id))
        return upload_of(given).segments
