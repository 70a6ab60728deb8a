"""Which state may follow which, and what every move does."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, State

TRANSITIONS: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
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


class IllegalTransition(Exception):
    """The table has no such move."""


def with_state(conversion: Conversion, target: State) -> Conversion:
    """Raises IllegalTransition."""
    if target not in TRANSITIONS[conversion.status]:
        raise IllegalTransition(f"{conversion.status} → {target}")
    return bump_revision(replace(conversion, status=target, retry_at=None))


def bump_revision(conversion: Conversion) -> Conversion:
    """There is something new for clients to see."""
    return replace(conversion, revision=conversion.revision + 1)
