"""The CloudEvents 1.0 JSON envelope of every event."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import uuid4

import msgspec

from shared.clock import utc_now
from shared.contracts.events import EVENTS, Event
from shared.logs import correlation_id
from shared.messaging.errors import MalformedData, MalformedEnvelope, UnknownEvent, UnknownVersion

# These strings appear in logs, AMQP properties and mail headers: printable ASCII without spaces only.
Token = Annotated[str, msgspec.Meta(pattern=r"\A[\x21-\x7e]{1,200}\Z")]
Timestamp = Annotated[datetime, msgspec.Meta(tz=True)]

KNOWN = {event.type: event for event in EVENTS}


class Envelope(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An event with its metadata; built by `wrap`.

    https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md

    `source` and `id` together identify the event: a second delivery of the same pair is a duplicate.
    `correlationid`, `traceparent` (W3C) and `dataversion` are extension attributes.
    """

    specversion: Literal["1.0"]
    id: Token
    source: Token
    type: Token
    subject: Token
    time: Timestamp
    datacontenttype: Literal["application/json"]
    data: dict[str, object]
    dataversion: int = 1
    correlationid: Token | None = None
    traceparent: Token | None = None


def wrap(
    event: Event,
    source: str,
    subject: str,
    id: str | None = None,  # noqa: A002, the attribute's name in CloudEvents
    *,
    time: datetime | None = None,
    correlation: str | None = None,
    traceparent: str | None = None,
) -> Envelope:
    """Puts an event into an envelope and verifies that consumers can read it.

    `correlation` defaults to the current request's correlation id. Raises MalformedEnvelope or MalformedData.
    """
    draft = Envelope(
        specversion="1.0",
        id=id or str(uuid4()),
        source=source,
        type=event.type,
        subject=subject,
        time=time or utc_now(),
        datacontenttype="application/json",
        data=msgspec.to_builtins(event),
        dataversion=event.version,
        correlationid=correlation or correlation_id.get() or None,
        traceparent=traceparent,
    )
    envelope = decode(encode(draft))
    unwrap(envelope)
    return envelope


def encode(envelope: Envelope) -> bytes:
    return msgspec.json.encode(envelope)


def decode(body: bytes) -> Envelope:
    """Raises MalformedEnvelope, which names the faulty field."""
    try:
        return msgspec.json.decode(body, type=Envelope)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedEnvelope(str(error)) from error


def unwrap(envelope: Envelope) -> Event:
    """The event of an envelope. Raises UnknownEvent, UnknownVersion or MalformedData."""
    event = KNOWN.get(envelope.type)
    if event is None:
        raise UnknownEvent(envelope.type)
    if envelope.dataversion != event.version:
        raise UnknownVersion(f"{envelope.type} version {envelope.dataversion}, known is {event.version}")
    try:
        return msgspec.convert(envelope.data, event)
    except (msgspec.ValidationError, RecursionError) as error:
        raise MalformedData(f"{envelope.type}: {error}") from error
