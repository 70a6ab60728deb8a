"""Leftovers and repeated or late notifications are reported; a clean state is not."""

from collections import Counter
from typing import Any

import pytest

from tests.faults.notifications import Notifications
from tests.faults.storage_checks import left

ONCE = Notifications(Counter(["m"]), Counter(["w"]))


def record(**more: Any) -> dict[str, Any]:
    empty = {"_id": "c", "status": "completed", "source_blob": "s", "audio_blob": "a"}
    return {**empty, "debris": [], "lease": None, "upload": None, **more}


def resumable(*segments: str, writing: str | None = None) -> dict[str, Any]:
    parts = [{"blob": blob, "size": 1} for blob in segments]
    return {"segments": parts, "writing": {"blob": writing} if writing else None}


@pytest.mark.parametrize(
    ("seen", "stored"),
    [
        (record(), {"s", "a"}),
        (record(status="converting", debris=["d"], audio_blob=None), {"s", "d"}),
        (record(status="failed", audio_blob=None), {"s"}),
        (record(source_blob=None, upload=resumable("1", "2")), {"1", "2", "a"}),
        (
            record(status="uploading", source_blob=None, audio_blob=None, upload=resumable("1", writing="2")),
            {"1", "2"},
        ),
    ],
)
def test_a_clean_state_has_no_findings(seen: dict[str, Any], stored: set[str]) -> None:
    assert not list(left([seen], stored))


@pytest.mark.parametrize(
    ("seen", "stored", "words"),
    [
        (record(), {"s", "a", "x"}, "orphaned blob x"),
        (record(debris=["d"]), {"s", "a", "d"}, "its temporary blob d still exists"),
        (record(), {"s"}, "has no blob a"),
        (record(source_blob=None, upload=resumable("1", "2")), {"1", "a"}, "has no blob 2"),
        (record(lease={"worker": "w"}), {"s", "a"}, "leases held by dead workers"),
    ],
)
def test_leftovers_are_found(seen: dict[str, Any], stored: set[str], words: str) -> None:
    assert any(words in each for each in left([seen], stored))


def test_one_notification_per_upload_is_correct() -> None:
    assert not [*ONCE.lacking(), *ONCE.different(), *ONCE.repeated(), *ONCE.later(ONCE)]


@pytest.mark.parametrize(
    ("heard", "found"),
    [
        (Notifications(Counter(["m"]), Counter()), ["no webhook"]),
        (Notifications(Counter(["m", "n"]), Counter(["w"])), ["2 different mails"]),
        (Notifications(Counter(["m"]), Counter(["w", "w"])), ["2 times the same webhook"]),
        (Notifications(Counter(["m"]), Counter(["w"]), conversions=2), ["2 conversions"]),
    ],
)
def test_repeated_and_missing_notifications_are_found(heard: Notifications, found: list[str]) -> None:
    assert [*heard.lacking(), *heard.different(), *heard.repeated()] == found


def test_late_notifications_are_found_even_if_repeated() -> None:
    late = Notifications(Counter(["m", "m"]), Counter(["w", "v"]), conversions=2)
    assert len(list(late.later(ONCE))) == 3
