"""Payloads use the names of the public API and are small."""

import json
from typing import Any

from notification_service.webhooks.payloads import Payloads
from shared.contracts.events import ConversionCancelled
from tests.support.event_samples import CONVERSION, completed, failed
from tests.support.in_memory.email import LINKS
from tests.support.webhooks import NOON

PAYLOADS = Payloads("https://tonegate.example/", LINKS)
URL = f"https://tonegate.example/v1/conversions/{CONVERSION}"


def encoded(event: Any) -> Any:
    return json.loads(PAYLOADS.encode_event(event, NOON))


def test_a_completed_conversion_has_its_result_and_link() -> None:
    assert encoded(completed(bitrate_bps=192_000, sha256="00ff")) == {
        "type": "conversion.completed",
        "timestamp": "2026-01-15T12:00:00Z",
        "data": {
            "id": CONVERSION,
            "status": "completed",
            "url": URL,
            "source": {"filename": "talk.mp4"},
            "result": {
                "size": 1_471_000,
                "duration": 61.3,
                "format": "mp3",
                "bitrate": 192_000,
                "sha256": "00ff",
                "url": f"{URL}/audio",
            },
            "error": None,
            "link": {
                "url": f"{URL}/audio?expires=1795773600&signature=abc-_123",
                "expires_at": "2026-11-27T10:00:00Z",
            },
        },
    }


def test_a_failed_conversion_has_its_error() -> None:
    data = encoded(failed())["data"]
    assert (data["status"], data["result"], data["link"]) == ("failed", None, None)
    assert data["error"] == {"code": "no_audio_track", "message": "The video has no audio track."}


def test_a_cancelled_conversion_has_neither_result_nor_error() -> None:
    cancelled = ConversionCancelled(conversion_id=CONVERSION, owner_id="ann", filename="talk.mp4")
    message = encoded(cancelled)
    assert (message["type"], message["data"]["status"]) == ("conversion.cancelled", "cancelled")
    assert (message["data"]["result"], message["data"]["error"], message["data"]["link"]) == (
        None,
        None,
        None,
    )


def test_a_payload_is_small_for_any_file_name() -> None:
    assert len(PAYLOADS.encode_event(completed(filename="\U0001f600" * 255), NOON)) < 20_000


def test_an_event_without_newer_fields_is_encoded() -> None:
    assert encoded(completed())["data"]["result"]["sha256"] is None
