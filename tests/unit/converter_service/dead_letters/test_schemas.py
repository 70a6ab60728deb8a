"""Representations of dead letters with arbitrary bodies; secrets are hidden."""

import msgspec
import pytest

from converter_service.dead_letters.model import from_message
from converter_service.dead_letters.schemas import HIDDEN, SHOWN_BYTES, detail
from shared.contracts.dead_letters import WholeDeadLetter
from shared.contracts.events import ConversionCompleted, EmailVerificationRequested, PasswordResetRequested
from tests.support.dead_letters import NOON, RETENTION, dead_letter

SECRET = "mcVtJx3_do-not-show"
ACCOUNT = {"user_id": "u1", "recipient": "ada@example.org", "token": SECRET, "expires_at": NOON}
DONE = ConversionCompleted(
    conversion_id="c1",
    owner_id="u1",
    recipient="ada@example.org",
    filename="talk.mp4",
    duration_s=1.0,
    size_bytes=1,
    format="mp3",
    audio_path=f"/v1/conversions/c1/audio?signature={SECRET}",
    link_expires_at=NOON,
)


def shown(body: bytes) -> WholeDeadLetter:
    return detail(from_message(dead_letter(body=body), NOON, RETENTION))


def test_a_readable_message_is_shown_as_it_is() -> None:
    view = shown(dead_letter().body)
    assert msgspec.json.decode(dead_letter().body) == view.message
    assert (view.text, view.base64) == (None, None)
    assert [(each.at, each.what) for each in view.history] == [
        (view.died_at, "dead in converter.worker: ValueError: broken")
    ]


@pytest.mark.parametrize(
    "event",
    [
        msgspec.convert(ACCOUNT, EmailVerificationRequested),
        msgspec.convert(ACCOUNT, PasswordResetRequested),
        DONE,
    ],
    ids=lambda event: event.type,
)
def test_the_secret_of_an_event_is_hidden_and_the_rest_is_shown(
    event: EmailVerificationRequested | PasswordResetRequested | ConversionCompleted,
) -> None:
    view = detail(from_message(dead_letter(body=event), NOON, RETENTION))
    encoded = msgspec.json.encode(view)
    assert SECRET.encode() not in encoded
    assert b"ada@example.org" in encoded
    assert view.type == event.type


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "password_reset_requested", "dataversion": 9, "data": {"Token": "SECRET"}}',
        b'{"data": [[{"token": {"value": "SECRET"}}]]}',
        b'{"data": {"token": "SECRET"',
        b'\xff{"data": {"token": "SECRET"}}',
        b"[" * 30 + b'"SECRET"' + b"]" * 30,
    ],
)
def test_unreadable_messages_reveal_no_secret(body: bytes) -> None:
    assert SECRET.encode() not in msgspec.json.encode(shown(body.replace(b"SECRET", SECRET.encode())))


@pytest.mark.parametrize(
    ("body", "message", "text", "base64"),
    [
        (b"hello", None, "hello", None),
        (b"", None, "", None),
        (b"\xff\x00", None, None, "/wA="),
        (b"7", 7, None, None),
        (b"x" * 10_000, None, "x" * SHOWN_BYTES, None),
        (b"[" * 100_000, None, "[" * SHOWN_BYTES, None),
    ],
    ids=["text", "nothing", "bytes", "a number", "long", "nested"],
)
def test_anything_can_be_shown(body: bytes, message: object, text: str | None, base64: str | None) -> None:
    view = shown(body)
    assert (view.message, view.text, view.base64) == (message, text, base64)
    msgspec.json.encode(view)


def test_secrets_are_hidden_at_any_depth() -> None:
    assert shown(b'{"a": [{"token": 1}], "audio_path": null}').message == {
        "a": [{"token": HIDDEN}],
        "audio_path": HIDDEN,
    }
