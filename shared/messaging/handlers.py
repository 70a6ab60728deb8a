"""Event class → coroutine. A gap stops the process at start, not at the first message."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Never, cast

import msgspec

from shared.contracts.events import Event
from shared.messaging.envelope import Envelope


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """The envelope as it arrived, and which try this is: 1 at first, one more after each counted failure.

    `redelivered`: it was handed to someone before who did not settle it, so half the work may be done.
    """

    envelope: Envelope
    attempt: int = 1
    redelivered: bool = False


# `Never` because each handler takes its own event class, and arguments are contravariant.
Handler = Callable[[Never, Delivery], Awaitable[None]]


class MissingHandler(Exception):
    """The handlers given and the events expected are not the same."""


class Handlers:
    """Handlers({VideoUploaded: convert}, expected=CONVERTER_WORKER.events)

    A handler gets the event and its Delivery. Returning means done, for good. Raising Retry, Reject or
    anything else is described there.
    """

    def __init__(self, handlers: Mapping[type[Event], Handler], *, expected: Iterable[type[Event]]) -> None:
        self._handlers = dict(handlers)
        self.require(expected)

    def require(self, expected: Iterable[type[Event]]) -> None:
        """Raises MissingHandler, naming the events on either side that have no counterpart."""
        wanted = set(expected)
        if missing := wanted - self._handlers.keys():
            raise MissingHandler(f"no handler for {_names(missing)}")
        if stray := self._handlers.keys() - wanted:
            raise MissingHandler(f"handler for unexpected {_names(stray)}")

    async def handle(self, event: Event, delivery: Delivery) -> None:
        handler = cast("Callable[[Event, Delivery], Awaitable[None]]", self._handlers[type(event)])
        await handler(event, delivery)


def _names(events: Iterable[type[Event]]) -> str:
    return ", ".join(sorted(event.type for event in events))
