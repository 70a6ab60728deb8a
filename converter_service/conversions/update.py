"""Read, change, save: again when somebody was faster."""

from collections.abc import Callable, Sequence

from converter_service.conversions.model import Conversion, LeaseLost
from converter_service.conversions.ports import ConversionStore, VersionConflict
from shared.errors import Unavailable
from shared.messaging.envelope import Envelope

TRIES = 10


def silent(_: Conversion) -> Sequence[Envelope]:
    """For changes that nobody needs to hear of."""
    return ()


async def change(
    store: ConversionStore,
    conversion_id: str,
    step: Callable[[Conversion], Conversion],
    events: Callable[[Conversion], Sequence[Envelope]] = silent,
) -> Conversion:
    """Saves what `step` makes of the newest value, with the `events` of the result.

    Raises what `step` raises, LeaseLost when the conversion is gone altogether, and Unavailable.
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
    raise Unavailable("Too many changes at once.")
