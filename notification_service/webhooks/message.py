"""Body of a webhook message, with the names of the public API."""

from datetime import datetime

import msgspec


class Source(msgspec.Struct, frozen=True):
    filename: str


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """The audio file. `url` requires an access token; the `url` of `Link` does not."""

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
    """The conversion: sizes in bytes, durations in seconds, absolute URLs."""

    id: str
    status: str
    url: str
    source: Source
    result: Result | None = None
    error: Failure | None = None
    link: Link | None = None


class Message(msgspec.Struct, frozen=True):
    """Standard Webhooks 1.0.0, "Payload structure". `timestamp` is the time of the event."""

    type: str
    timestamp: datetime
    data: Data | dict[str, str]
