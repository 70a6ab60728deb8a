"""What receivers are told: events in the words of the public API. Pure."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
from msgspec.structs import replace

from shared.contracts.events import ConversionCancelled, ConversionCompleted, ConversionFailed, Event
from shared.contracts.webhooks import EventType

Ended = ConversionCompleted | ConversionFailed | ConversionCancelled
TYPES: Mapping[type[Event], EventType] = {
    ConversionCompleted: "conversion.completed",
    ConversionFailed: "conversion.failed",
    ConversionCancelled: "conversion.cancelled",
}

TEST = "webhook.test"


class Source(msgspec.Struct, frozen=True):
    filename: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """`url` wants an access token, `link.url` wants none."""

    size: int
    duration: float
    format: str
    bitrate: int | None
    sha256: str | None
    url: str


class Failure(msgspec.Struct, frozen=True):
    code: str
    message: str


class Link(msgspec.Struct, frozen=True):
    url: str
    expires_at: datetime


class Data(msgspec.Struct, frozen=True, kw_only=True):
    """The conversion: sizes in bytes, durations in seconds, addresses in full."""

    id: str
    status: str
    url: str
    source: Source
    result: Result | None = None
    error: Failure | None = None
    link: Link | None = None


class Message(msgspec.Struct, frozen=True):
    """Standard Webhooks 1.0.0, "Payload structure". `timestamp` is the event's, not the attempt's."""

    type: str
    timestamp: datetime
    data: Data | dict[str, str]


class Payloads:
    """`public_url` is what addresses begin with."""

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url.rstrip("/")

    def about(self, event: Ended, at: datetime) -> str:
        """JSON, as it is signed and sent."""
        return _json(Message(type_of(event), _whole_seconds(at), self._data(event)))

    def test(self, endpoint_id: str, at: datetime) -> str:
        return _json(Message(TEST, _whole_seconds(at), {"webhook_id": endpoint_id}))

    def _data(self, event: Ended) -> Data:
        url = f"{self._public_url}/v1/conversions/{event.conversion_id}"
        plain = Data(
            id=event.conversion_id,
            status=type_of(event).partition(".")[2],
            url=url,
            source=Source(event.filename),
        )
        match event:
            case ConversionCompleted():
                link = Link(f"{self._public_url}{event.audio_path}", event.link_expires_at)
                return replace(plain, result=_result(event, url), link=link)
            case ConversionFailed():
                return replace(plain, error=Failure(event.code, event.message))
            case ConversionCancelled():
                return plain


def _result(event: ConversionCompleted, url: str) -> Result:
    return Result(
        size=event.size_bytes,
        duration=event.duration_s,
        format=event.format,
        bitrate=event.bitrate_bps,
        sha256=event.sha256,
        url=f"{url}/audio",
    )


def type_of(event: Ended) -> EventType:
    return TYPES[type(event)]


def _json(message: Message) -> str:
    return msgspec.json.encode(message).decode()


def _whole_seconds(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
