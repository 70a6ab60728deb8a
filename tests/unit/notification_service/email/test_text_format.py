"""Formatting of sizes, durations, times and file names."""

import unicodedata
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notification_service.email.text_format import (
    JOINER,
    UNPRINTABLE,
    format_duration,
    format_size,
    format_time,
    to_single_line,
)


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (1_471_000, "1.5 MB"),
        (999_960, "1.0 MB"),
        (89_354_112, "89.4 MB"),
        (7 * 10**15, "7000.0 TB"),
        (-1, "0 bytes"),
    ],
)
def test_bytes_are_formatted_in_the_unit_that_fits(count: int, words: str) -> None:
    assert format_size(count) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.2, "1 s"),
        (47.4, "47 s"),
        (59.7, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (3723.4, "1 h 2 min"),
        (float("nan"), "unknown"),
        (-3, "unknown"),
    ],
)
def test_seconds_are_formatted_as_hours_minutes_and_seconds(seconds: float, words: str) -> None:
    assert format_duration(seconds) == words


def test_a_time_is_formatted_in_utc() -> None:
    there = timezone(timedelta(hours=2))
    assert format_time(datetime(2026, 11, 27, 1, 5, tzinfo=there)) == "26 November 2026, 23:05 UTC"
    assert format_time(datetime(2027, 1, 2, 3, 4, tzinfo=UTC)) == "2 January 2027, 03:04 UTC"


def test_a_long_name_keeps_its_beginning_and_its_extension() -> None:
    shown = to_single_line("a" * 1000 + ".mp4", 60)
    assert len(shown) == 60
    assert shown.startswith("aaaa")
    assert shown.endswith("aaaa.mp4")
    assert "…" in shown


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a\r\nBcc: x@example.org", "a Bcc: x@example.org"),
        ("talk\x00.mp4", "talk .mp4"),
        ("\u202egpj.exe", "gpj.exe"),
        ("  many \t spaces\u00a0here\u2028", "many spaces here"),
        ("\ud800half", "half"),
        ("family 👩\u200d👩\u200d👧.mov", "family 👩\u200d👩\u200d👧.mov"),
        ("\n\r", ""),
    ],
)
def test_invisible_and_control_characters_are_replaced(name: str, shown: str) -> None:
    assert to_single_line(name, 80) == shown


@given(st.text(), st.integers(10, 200))
def test_any_name_becomes_one_printable_line_within_its_limit(name: str, limit: int) -> None:
    shown = to_single_line(name, limit)
    assert len(shown) <= limit
    assert shown == shown.strip()
    assert not any(unicodedata.category(char) in UNPRINTABLE for char in shown if char != JOINER)
    assert to_single_line(shown, limit) == shown
