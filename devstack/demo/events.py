"""Parser for Server-Sent Events (HTML Living Standard §9.2.6), for the subset that this API sends."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """One event; `data` is decoded JSON, `identity` the event id for Last-Event-ID."""

    name: str
    identity: str
    data: Json


def events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yields complete events; ignores comments, retry times and an incomplete last event."""
    fields: dict[str, str] = {}
    for line in lines:
        text = line.decode().rstrip("\r\n")
        if text:
            name, _, value = text.partition(":")
            fields[name] = value.removeprefix(" ")
            continue
        if "data" in fields:
            yield Event(fields.get("event", "message"), fields.get("id", ""), json.loads(fields["data"]))
        fields = {}
