"""Delivery history, its bounds, and its representation in AMQP headers."""

from datetime import timedelta

import pytest

from shared.messaging.delivery_history import (
    MAX_ENTRIES,
    MAX_ENTRY_LENGTH,
    DeliveryHistory,
    printable,
    tier_after,
    tier_for,
)
from shared.messaging.rabbitmq.headers import history_headers, read_history

TIERS = tuple(timedelta(seconds=seconds) for seconds in (1, 5, 30))


@pytest.mark.parametrize(("failures", "seconds"), [(1, 1), (2, 5), (3, 30), (4, 30), (99, 30)])
def test_the_back_off_grows_to_the_last_tier(failures: int, seconds: int) -> None:
    assert tier_after(failures, TIERS) == timedelta(seconds=seconds)


@pytest.mark.parametrize(("delay", "seconds"), [(-1, 1), (0, 1), (1, 1), (1.1, 5), (30, 30), (3600, 30)])
def test_a_delay_is_rounded_up_to_a_tier_and_capped(delay: float, seconds: int) -> None:
    assert tier_for(timedelta(seconds=delay), TIERS) == timedelta(seconds=seconds)


def test_the_history_keeps_the_latest_entries_and_is_bounded() -> None:
    history = DeliveryHistory()
    for number in range(MAX_ENTRIES + 5):
        history = history.failed(f"failure {number} " + "x" * 10_000)
    assert history.failures == MAX_ENTRIES + 5
    assert len(history.entries) == MAX_ENTRIES
    assert f"failure {MAX_ENTRIES + 4} " in history.entries[-1]
    assert all(len(entry) < MAX_ENTRY_LENGTH + 40 for entry in history.entries)


def test_postponements_do_not_push_failures_out_of_the_history() -> None:
    history = DeliveryHistory().failed("broken")
    for _ in range(MAX_ENTRIES * 2):
        history = history.postponed("leased")
    assert [entry.split(" ", 1)[1] for entry in history.entries] == [
        "broken",
        f"postponed {MAX_ENTRIES * 2} times: leased",
    ]


def test_control_characters_in_a_reason_are_escaped() -> None:
    assert printable("a\x1b[31m\r\nb\u2028") == "a\ufffd[31m\ufffd\ufffdb\ufffd"


def test_a_history_survives_the_headers() -> None:
    history = DeliveryHistory().failed("broken").postponed("leased")
    assert read_history(history_headers(history)) == history


@pytest.mark.parametrize("value", ["7", -1, None, 3.5, [], {}])
def test_foreign_headers_count_as_absent(value: object) -> None:
    headers = {
        "x-tonegate-failures": value,
        "x-tonegate-postponements": value,
        "x-tonegate-history": value,
    }
    assert read_history(headers) == DeliveryHistory()
