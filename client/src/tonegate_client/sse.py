"""Parser of Server-Sent Events (HTML Living Standard §9.2.6)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

MAX_LINE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class ServerSentEvent:
    """One event; `id` is the last one that the stream sent."""

    name: str
    id: str
    data: str


@dataclass
class EventParser:
    """Takes the stream's bytes as they arrive. Lines end with LF or CRLF; a lone CR is not supported."""

    last_id: str = ""
    _rest: bytes = b""
    _name: str = "message"
    _data: list[str] = field(default_factory=list)

    def feed(self, piece: bytes) -> Iterator[ServerSentEvent]:
        """Yields the events that `piece` completes. Raises ValueError for a line that is too long."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > MAX_LINE_BYTES:
            raise ValueError("a line of the event stream is too long")
        for line in lines:
            yield from self._take(line.decode(errors="replace").removesuffix("\r"))

    def _take(self, line: str) -> Iterator[ServerSentEvent]:
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if not line:
            if self._data:
                yield ServerSentEvent(self._name, self.last_id, "\n".join(self._data))
            self._name, self._data = "message", []
        elif name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
