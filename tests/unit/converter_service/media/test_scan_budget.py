"""A file that consists of headers costs no more than its budget; what was found until then counts."""

import io
from itertools import count, islice

import pytest

from converter_service.media.matroska_locks import locked_matroska_tracks
from converter_service.media.scan_budget import GB, LEAST_S, S_PER_GB, ScanBudget


def ticking(step_s: float, size: int = 0) -> ScanBudget:
    """A budget whose clock goes on by `step_s` at each look."""
    times = count(0.0, step_s)
    return ScanBudget(size, lambda: next(times))


@pytest.mark.parametrize("size", [0, GB])
def test_a_scan_yields_what_fits_its_budget_and_ends(size: int) -> None:
    limit_s = LEAST_S + S_PER_GB * size / GB
    found = list(islice(ticking(1.0, size).each(count()), 1000))
    assert found == list(range(int(limit_s) + 1))


def test_a_stopped_scan_yields_nothing_more() -> None:
    budget = ticking(0.0)
    things = budget.each(count())
    assert [next(things), next(things)] == [0, 1]
    budget.stop()
    assert list(things) == []


def test_tracks_are_looked_at_until_the_budget_is_used_up() -> None:
    encrypted = element(0x6D80, element(0x6240, element(0x5035, b"")))
    track = element(0xAE, element(0x83, b"\x02") + encrypted)
    file = element(0x18538067, element(0x1654AE6B, track * 50))
    places = frozenset(range(50))
    assert locked_matroska_tracks(io.BytesIO(file), ticking(0.0)) == (places, frozenset())
    sound, _ = locked_matroska_tracks(io.BytesIO(file), ticking(0.1))
    assert len(sound) < 50


def element(name: int, content: bytes) -> bytes:
    """An element of Matroska with a size of four bytes."""
    head = name.to_bytes((name.bit_length() + 7) // 8)
    return head + (len(content) | 0x10000000).to_bytes(4) + content
