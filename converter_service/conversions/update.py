"""Optimistic update: read, change and save, repeated on a version conflict."""

from collections.abc import Callable, Sequence

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore, VersionConflict
from shared.errors import Unavailable
from shared.messaging.envelope import Envelope

TRIES = 10


async def change(
    store: ConversionStore,
    conversion_id: str,
    step: Callable[[Conversion], Conversion],
    events: Callable[[Conversion], Sequence[Envelope]] = lambda _: (),
) -> Conversion:
    """Applies `step` to the newest value and saves the result together with its `events`.

    Raises what `step` raises, LeaseLost when the conversion does not exist any more, and Unavailable, also
    after TRIES version conflicts.
    """
    for _ in range(TRIES):
        newest = await store.get(conversion_id)
        if newest is None:
            raise LeaseLost
        changed = step(newest)
        try:
            return await store.save(changed, *events(changed))
        except VersionConflict:
            continue
    raise Unavailable("The conversion is changed by too many requests at once.")
