"""The table of state transitions, and the step that all of them share."""

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
    """The transition table does not allow this change of state."""


def with_state(conversion: Conversion, target: State) -> Conversion:
    """The conversion in another state, with a new revision. Raises IllegalTransition."""
    if target not in TRANSITIONS[conversion.status]:
        raise IllegalTransition(f"{conversion.status} → {target}")
    return bump_revision(replace(conversion, status=target, retry_at=None))


def bump_revision(conversion: Conversion) -> Conversion:
    """Marks a change that clients can see: progress events carry the revision as their id."""
    return replace(conversion, revision=conversion.revision + 1)
