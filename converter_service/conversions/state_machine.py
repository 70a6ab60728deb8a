"""Which state may follow which, and what every move does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State

MOVES: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.UPLOADING: frozenset({State.QUEUED, State.CANCELLED}),
        State.QUEUED: frozenset({State.CONVERTING, State.FAILED, State.CANCELLED}),
        State.CONVERTING: frozenset({State.QUEUED, State.COMPLETED, State.FAILED, State.CANCELLED}),
        State.COMPLETED: frozenset({State.EXPIRED}),
        State.FAILED: frozenset({State.QUEUED, State.EXPIRED}),
        State.CANCELLED: frozenset({State.QUEUED, State.EXPIRED}),
        State.EXPIRED: frozenset(),
    }
)


class IllegalMove(Exception):
    """The table has no such move."""


def moved(conversion: Conversion, target: State) -> Conversion:
    """Raises IllegalMove."""
    if target not in MOVES[conversion.status]:
        raise IllegalMove(f"{conversion.status} → {target}")
    return told(replace(conversion, status=target, rests_until=None))


def told(conversion: Conversion) -> Conversion:
    """There is something new for clients to see."""
    return replace(conversion, edition=conversion.edition + 1)
