"""Payloads of push messages: what the page's service worker shows."""

from collections.abc import Mapping

import msgspec

from shared.contracts.events import ConversionCompleted, ConversionFailed, Event

ConversionEnded = ConversionCompleted | ConversionFailed
# What its owner has cancelled needs no notification.
TYPES: Mapping[type[Event], str] = {
    ConversionCompleted: "conversion.completed",
    ConversionFailed: "conversion.failed",
}
# The `type` of the stored deliveries, which tells them from those of webhooks.
PUSH = "push"


class Message(msgspec.Struct, frozen=True):
    """`filename` is that of the video, `code` why it failed."""

    type: str
    conversion_id: str
    filename: str
    code: str | None = None


def encode_message(event: ConversionEnded) -> str:
    code = event.code if isinstance(event, ConversionFailed) else None
    message = Message(TYPES[type(event)], event.conversion_id, event.filename, code)
    return msgspec.json.encode(message).decode()
