"""Sample events about conversions and accounts; tests override single fields."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from shared.contracts.events import (
    ConversionCompleted,
    ConversionFailed,
    EmailChanged,
    EmailVerificationRequested,
    Event,
    PasswordChanged,
    PasswordRemoved,
    PasswordResetRequested,
    SecurityEventOccurred,
)
from shared.messaging.envelope import Envelope, wrap

CONVERSION = "0198f3c2-7d1e-7a3b-9c0f-5e6a7b8c9d0e"
COMPLETED = ConversionCompleted(
    conversion_id=CONVERSION,
    owner_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    filename="talk.mp4",
    duration_s=61.3,
    size_bytes=1_471_000,
    format="mp3",
    audio_path=f"/v1/conversions/{CONVERSION}/audio?expires=1795773600&signature=abc-_123",
    link_expires_at=datetime(2026, 11, 27, 10, 0, tzinfo=UTC),
)
FAILED = ConversionFailed(
    conversion_id=CONVERSION,
    owner_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    filename="silent.mp4",
    code="no_audio_track",
    message="The video has no audio track.",
)


TOKEN = "s3cret_of-43_characters_is_what_a_link_holds"
VERIFY = EmailVerificationRequested(
    user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    token=TOKEN,
    expires_at=datetime(2126, 11, 21, 10, 0, tzinfo=UTC),
)
RESET = PasswordResetRequested(
    user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    token=TOKEN,
    expires_at=datetime(2126, 11, 20, 11, 0, tzinfo=UTC),
)


PASSWORD_CHANGED = PasswordChanged(
    user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    changed_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
)
PASSWORD_REMOVED = PasswordRemoved(
    user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    changed_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
)
EMAIL_CHANGED = EmailChanged(
    user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
    recipient="ann@example.org",
    changed_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
)


def security_event(event: str) -> SecurityEventOccurred:
    return SecurityEventOccurred(
        user_id="0198f3c2-1111-7a3b-9c0f-5e6a7b8c9d0e",
        recipient="ann@example.org",
        event=event,
        occurred_at=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
    )


def completed(**changes: Any) -> ConversionCompleted:
    return msgspec.structs.replace(COMPLETED, **changes)


def failed(**changes: Any) -> ConversionFailed:
    return msgspec.structs.replace(FAILED, **changes)


def verify(**changes: Any) -> EmailVerificationRequested:
    return msgspec.structs.replace(VERIFY, **changes)


def reset(**changes: Any) -> PasswordResetRequested:
    return msgspec.structs.replace(RESET, **changes)


def enveloped(event: Event, identity: str = "event-1") -> Envelope:
    return wrap(
        event,
        "tonegate/converter",
        CONVERSION,
        identity,
        time=datetime(2026, 11, 20, 10, 0, tzinfo=UTC),
        correlation="request-1",
    )
