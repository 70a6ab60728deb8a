"""Durations as text."""

import pytest

from converter_service.media.durations import format_duration


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (5, "5 seconds"),
        (1, "1 second"),
        (0.2, "1 second"),
        (60, "1 minute"),
        (90, "1 minute 30 seconds"),
        (43_200, "12 hours"),
        (5_400, "1 hour 30 minutes"),
        (7_261, "2 hours 1 minute 1 second"),
        (3_599.6, "1 hour"),
    ],
)
def test_a_duration_is_given_in_hours_minutes_and_seconds(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words
