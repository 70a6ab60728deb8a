"""Server-Sent Events (HTML Living Standard §9.2.6), as far as this API sends them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """`data` is JSON here; `identity` says where to go on after it."""

    name: str
    identity: str
    data: Json


def events(lines: Iterable[bytes]) -> Iterator[Event]:
    """Comments and hints on when to come back are passed over; so is an event that broke off."""
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
