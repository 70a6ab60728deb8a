"""Event handlers by event class. A missing handler is an error at start-up, not at the first message."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Never, cast

import msgspec

from shared.contracts.events import Event
from shared.messaging.envelope import Envelope


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One delivery of a message. `attempt` starts at 1 and grows with each counted failure.

    `redelivered` means that an earlier consumer did not acknowledge it, so the work may be half done.
    """

    envelope: Envelope
    attempt: int = 1
    redelivered: bool = False


# `Never` because each handler takes its own event class, and arguments are contravariant.
Handler = Callable[[Never, Delivery], Awaitable[None]]


class MissingHandler(Exception):
    """The handlers given do not match the events expected."""


class Handlers:
    """Example: `Handlers({VideoUploaded: convert}, expected=CONVERTER_WORKER.events)`.

    A handler is called with the event and its Delivery. When it returns the message is acknowledged; it may
    raise Retry or Reject, and any other exception counts as a failure.
    """

    def __init__(self, handlers: Mapping[type[Event], Handler], *, expected: Iterable[type[Event]]) -> None:
        self._handlers = dict(handlers)
        self.require(expected)

    def require(self, expected: Iterable[type[Event]]) -> None:
        """Raises MissingHandler, which names the events without a handler or the unexpected ones."""
        wanted = set(expected)
        if missing := wanted - self._handlers.keys():
            raise MissingHandler(f"no handler for {_names(missing)}")
        if unexpected := self._handlers.keys() - wanted:
            raise MissingHandler(f"handler for unexpected {_names(unexpected)}")

    async def handle(self, event: Event, delivery: Delivery) -> None:
        """Runs the event's handler; raises what it raises."""
        handler = cast("Callable[[Event, Delivery], Awaitable[None]]", self._handlers[type(event)])
        await handler(event, delivery)


def _names(events: Iterable[type[Event]]) -> str:
    return ", ".join(sorted(event.type for event in events))
