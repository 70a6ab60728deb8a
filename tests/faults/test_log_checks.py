"""The check of the logs accepts a takeover only with its reason, in whatever order processes log."""

import pytest

from tests.faults.log_checks import is_explained

CLAIMED = "conversion claimed"
AGAIN = "lease expired, conversion claimed again"


@pytest.mark.parametrize(
    "events",
    [
        [CLAIMED],
        [CLAIMED, AGAIN],
        [AGAIN, CLAIMED],
        [CLAIMED, CLAIMED, "dead run, queued again"],
        [CLAIMED, "run failed", "conversion requeued", CLAIMED],
        [CLAIMED, "run failed", CLAIMED],
    ],
)
def test_a_takeover_with_its_reason_is_explained(events: list[str]) -> None:
    assert is_explained([{"event": event} for event in events])


@pytest.mark.parametrize(
    "events",
    [
        [CLAIMED, CLAIMED],
        [CLAIMED, AGAIN, CLAIMED],
        [CLAIMED, "run failed", "conversion requeued", CLAIMED, CLAIMED],
    ],
)
def test_a_takeover_without_a_reason_is_reported(events: list[str]) -> None:
    assert not is_explained([{"event": event} for event in events])
