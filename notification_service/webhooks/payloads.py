"""Payloads of webhook messages: events with the names and URLs of the public API."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from notification_service.webhooks.message import Data, Failure, Link, Message, Result, Source
from shared.contracts.events import ConversionCancelled, ConversionCompleted, ConversionFailed, Event
from shared.contracts.webhooks import EventType
from shared.signed_links import LinkSigner

ConversionEnded = ConversionCompleted | ConversionFailed | ConversionCancelled
TYPES: Mapping[type[Event], EventType] = {
    ConversionCompleted: "conversion.completed",
    ConversionFailed: "conversion.failed",
    ConversionCancelled: "conversion.cancelled",
}

TEST_TYPE = "webhook.test"


class Payloads:
    """Encodes payloads as JSON; `public_url` is the base of their URLs, `links` signs those to audio."""

    def __init__(self, public_url: str, links: LinkSigner) -> None:
        self._public_url = public_url.rstrip("/")
        self._links = links

    def encode_event(self, event: ConversionEnded, at: datetime, *, links: bool = True) -> str:
        """Returns the payload of an event, as it is signed and sent, with or without a link to the audio."""
        data = self._data(event)
        return _encode(TYPES[type(event)], at, data if links else replace(data, link=None))

    def encode_test(self, endpoint_id: str, at: datetime) -> str:
        return _encode(TEST_TYPE, at, {"webhook_id": endpoint_id})

    def _data(self, event: ConversionEnded) -> Data:
        url = f"{self._public_url}/v1/conversions/{event.conversion_id}"
        base = Data(
            id=event.conversion_id,
            status=TYPES[type(event)].partition(".")[2],
            url=url,
            source=Source(event.filename),
        )
        match event:
            case ConversionCompleted():
                result = Result(
                    size=event.size_bytes,
                    duration=event.duration_s,
                    format=event.format,
                    bitrate=event.bitrate_bps,
                    sha256=event.sha256,
                    url=f"{url}/audio",
                )
                link = Link(f"{self._public_url}{self._links.link_of(event)}", event.link_expires_at)
                return replace(base, result=result, link=link)
            case ConversionFailed():
                return replace(base, error=Failure(event.code, event.message))
            case ConversionCancelled():
                return base


def _encode(kind: str, at: datetime, data: Data | dict[str, str]) -> str:
    message = Message(kind, at.astimezone(UTC).replace(microsecond=0), data)
    return msgspec.json.encode(message).decode()
