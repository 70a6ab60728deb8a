"""Event envelopes: encoding, decoding, and errors of malformed ones."""

from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.events import (
    EVENTS,
    ConversionChanged,
    ConversionCompleted,
    ConversionRemoved,
    SessionRevoked,
    VideoUploaded,
)
from shared.logs import bind_correlation
from shared.messaging.envelope import Envelope, decode, encode, unwrap, wrap
from shared.messaging.errors import BadMessage, MalformedData, MalformedEnvelope, UnknownEvent, UnknownVersion

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
UPLOADED = VideoUploaded(conversion_id="c1")


def test_an_event_travels_as_a_cloudevent_in_json() -> None:
    envelope = wrap(
        UPLOADED, "/converter", "c1", "e1", time=NOON, correlation="r1", traceparent="00-ab-cd-01"
    )
    assert msgspec.json.decode(encode(envelope)) == {
        "specversion": "1.0",
        "id": "e1",
        "source": "/converter",
        "type": "video_uploaded",
        "subject": "c1",
        "time": "2026-11-20T12:00:00Z",
        "datacontenttype": "application/json",
        "data": {"conversion_id": "c1"},
        "correlationid": "r1",
        "traceparent": "00-ab-cd-01",
    }


def test_an_event_is_unchanged_after_encoding_and_decoding() -> None:
    event = ConversionCompleted(
        conversion_id="c1",
        owner_id="u1",
        recipient="a@example.org",
        filename='naïve "тест"\n😀.mp4',
        duration_s=61.3,
        size_bytes=99,
        format="mp3",
        audio_path="/v1/conversions/c1/audio?expires=1&signature=x",
        link_expires_at=NOON,
    )
    assert unwrap(decode(encode(wrap(event, "/converter", "c1")))) == event


def test_an_envelope_survives_being_stored_as_a_document() -> None:
    envelope = wrap(UPLOADED, "/converter", "c1")
    assert msgspec.convert(msgspec.to_builtins(envelope), Envelope) == envelope


def test_the_correlation_id_of_the_current_request_is_used() -> None:
    with bind_correlation("request-1"):
        assert wrap(UPLOADED, "/converter", "c1").correlationid == "request-1"
    assert wrap(UPLOADED, "/converter", "c1").correlationid is None


def test_every_envelope_gets_a_unique_id() -> None:
    assert wrap(UPLOADED, "/converter", "c1").id != wrap(UPLOADED, "/converter", "c1").id


def test_an_unreadable_event_is_refused_by_the_producer() -> None:
    with pytest.raises(MalformedEnvelope, match="subject"):
        wrap(UPLOADED, "/converter", "two words")
    with pytest.raises(MalformedData, match="conversion_id"):
        wrap(VideoUploaded(conversion_id=7), "/converter", "c1")  # type: ignore[arg-type]


def test_fields_and_attributes_of_a_newer_producer_are_ignored() -> None:
    document = msgspec.json.decode(encode(wrap(UPLOADED, "/converter", "c1")))
    document |= {"newattribute": "x", "data": {"conversion_id": "c1", "new_field": 1}}
    assert unwrap(decode(msgspec.json.encode(document))) == UPLOADED


def test_null_attributes_count_as_absent() -> None:
    document = msgspec.json.decode(encode(wrap(UPLOADED, "/converter", "c1")))
    document |= {"correlationid": None, "traceparent": None}
    assert decode(msgspec.json.encode(document)).correlationid is None


def test_unknown_types_and_unknown_versions_are_distinguished() -> None:
    envelope = wrap(UPLOADED, "/converter", "c1")
    with pytest.raises(UnknownEvent, match="video_vanished"):
        unwrap(msgspec.structs.replace(envelope, type="video_vanished"))
    with pytest.raises(UnknownVersion, match="version 2, known is 1"):
        unwrap(msgspec.structs.replace(envelope, dataversion=2))


@given(st.binary(max_size=500))
def test_any_bytes_are_decoded_or_malformed(body: bytes) -> None:
    with pytest.raises(BadMessage):
        unwrap(decode(body))


def test_every_event_has_a_unique_name() -> None:
    assert len({event.type for event in EVENTS}) == len(EVENTS)


def test_only_some_events_may_be_published_without_a_queue() -> None:
    news = {ConversionChanged, ConversionRemoved, SessionRevoked}
    assert {event for event in EVENTS if not event.needs_listener} == news
