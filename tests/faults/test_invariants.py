"""Leftovers and repeated or late notifications are reported; a clean state is not."""

from typing import Any

import pytest

from tests.faults.notifications import Notifications, Repeat
from tests.faults.storage_checks import left
from tests.faults.tolerance import BEFORE_S, Tolerance

AT = 1000.0
ONCE = Notifications({"m": (AT,)}, {"w": (AT,)})
TWICE = Repeat("2 times the same mail", (AT, AT + 9))


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
        (Notifications({"m": (AT,)}), ["no webhook"]),
        (Notifications({"m": (AT,), "n": (AT,)}, {"w": (AT,)}), ["2 different mails"]),
        (Notifications({"m": (AT,)}, {"w": (AT, AT + 1)}), ["2 times the same webhook"]),
        (Notifications({"m": (AT,)}, {"w": (AT,)}, conversions=2), ["2 conversions"]),
    ],
)
def test_repeated_and_missing_notifications_are_found(heard: Notifications, found: list[str]) -> None:
    assert [*heard.lacking(), *heard.different(), *map(str, heard.repeated())] == found


def test_late_notifications_are_found_even_if_repeated() -> None:
    late = Notifications({"m": (AT, AT + 1)}, {"w": (AT,), "v": (AT,)}, conversions=2)
    assert len(list(late.later(ONCE))) == 3


@pytest.mark.parametrize(
    ("began", "healed", "is_tolerated"),
    [
        (AT - 1, AT + 1, True),
        (AT + BEFORE_S - 1, AT + BEFORE_S, True),
        (AT + BEFORE_S + 1, AT + 20, False),
        (AT - 20, AT - 1, False),
    ],
    ids=["during the fault", "just before the fault", "long before the fault", "after the fault"],
)
def test_a_repetition_is_tolerated_only_if_it_was_sent_during_a_fault_that_permits_it(
    began: float, healed: float, *, is_tolerated: bool
) -> None:
    tolerance = Tolerance()
    tolerance.add(began, healed)
    found = ["c: 2 times the same mail"]
    assert tolerance.split([("c", TWICE)]) == ((found, []) if is_tolerated else ([], found))


def test_of_three_copies_each_but_the_last_needs_such_a_fault() -> None:
    tolerance = Tolerance()
    tolerance.add(AT - 1, AT + 1)
    assert not tolerance.covers(Repeat("3 times the same mail", (AT, AT + 9, AT + 20)))


def test_without_a_fault_no_repetition_is_tolerated() -> None:
    assert Tolerance().split([("c", TWICE)]) == ([], [f"c: {TWICE}"])
