"""The base of all events between services."""

from typing import ClassVar

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all events. Unknown fields are ignored, so that older consumers accept newer producers."""

    type: ClassVar[str]
    """The CloudEvents type, and the routing key."""
    version: ClassVar[int] = 1
    needs_listener: ClassVar[bool] = True
    """False if publishing succeeds without a bound queue."""
    secret: ClassVar[frozenset[str]] = frozenset()
    """Fields that hold credentials; hidden from operators."""
