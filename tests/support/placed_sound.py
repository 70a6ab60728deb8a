"""Compares a result with the sound that belongs at each time of its source's time line, by correlation."""

import math
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from operator import mul

from tests.support.audio_checks import SAMPLE_HZ

WINDOW = SAMPLE_HZ // 20
ALIKE = 0.8
# In 16 bits, 25 dB below the sound: Opus lets a sound that ends die away within 0.2 s.
SILENT = 180
MOST_SHOWN = 4
# Of steps by which the last known lag may differ in the next window, before all are tried.
NEAR = 2


@dataclass(frozen=True)
class Piece:
    """Sound from second `sound_s` on, heard at `start_s` to `end_s` of the source's time line."""

    start_s: float
    end_s: float
    sound_s: float

    def trimmed(self, by_s: float) -> "Piece":
        """The piece on the time line of a file whose first seconds are cut off."""
        cut_s = max(0.0, by_s - self.start_s)
        return replace(
            self,
            start_s=self.start_s + cut_s - by_s,
            end_s=self.end_s - by_s,
            sound_s=self.sound_s + cut_s,
        )

    def later(self, by_s: float, sound_s: float) -> "Piece":
        """The piece behind another recording, which has `sound_s` seconds of sound."""
        return Piece(self.start_s + by_s, self.end_s + by_s, self.sound_s + sound_s)


def differences(
    heard: "array[int]",
    sound: "array[int]",
    pieces: Sequence[Piece],
    begin_s: float,
    stop_s: float,
    frame_s: float,
    result_frame_s: float,
) -> list[str]:
    """Where the result from `begin_s` to `stop_s` differs by more than a frame from the pieces of `sound`.

    A change may be two frames late: an encoder delays its sound by one, and begins a new one behind a leap.
    The encoder of the result blurs it by a frame of its own.
    """
    found = []
    near = 0
    reach = math.ceil(frame_s * SAMPLE_HZ)
    for at_s, sound_s in _windows(pieces, begin_s, stop_s, 2 * frame_s + result_frame_s):
        first = round((at_s - begin_s) * SAMPLE_HZ)
        if sound_s is None:
            if _rms(heard[first : first + WINDOW]) > SILENT:
                found.append(f"sound at {at_s:.2f}")
            continue
        begin = round(sound_s * SAMPLE_HZ)
        alike, lag = best_lag(heard, sound[begin : begin + WINDOW], first, reach, near)
        near = lag
        if alike < ALIKE:
            found.append(f"second {sound_s:.2f} of the sound is not at {at_s:.2f} ({alike:.2f})")
    return found if len(found) <= MOST_SHOWN else [*found[:MOST_SHOWN], f"and {len(found) - MOST_SHOWN} more"]


def best_lag(
    heard: "array[int]", wanted: "array[int]", first: int, reach: int, near: int
) -> tuple[float, int]:
    """The correlation of `wanted` with what is heard near the sample `first`, and how many samples later."""
    closest = _best(heard, wanted, first, range(near - NEAR, near + NEAR + 1))
    if closest[0] >= ALIKE and abs(closest[1]) <= reach:
        return closest
    return _best(heard, wanted, first, range(-reach, reach + 1))


def _best(heard: "array[int]", wanted: "array[int]", first: int, lags: range) -> tuple[float, int]:
    possible = [lag for lag in lags if 0 <= first + lag <= len(heard) - len(wanted)]
    return max(((_alike(heard, wanted, first + lag), lag) for lag in possible), default=(0.0, 0))


def _alike(heard: "array[int]", wanted: "array[int]", at: int) -> float:
    there = heard[at : at + len(wanted)]
    power = sum(map(mul, there, there)) * sum(map(mul, wanted, wanted))
    return float(sum(map(mul, there, wanted)) / math.sqrt(power + 1))


def _windows(
    pieces: Sequence[Piece], begin_s: float, stop_s: float, margin_s: float
) -> Iterator[tuple[float, float | None]]:
    """Windows further than `margin_s` from any change, and the second of the sound there, if any."""
    starts = [piece.start_s for piece in pieces]
    edges = sorted({begin_s, stop_s, *starts, *(piece.end_s for piece in pieces)})
    length_s = WINDOW / SAMPLE_HZ
    at_s = begin_s
    while at_s + length_s <= stop_s:
        after = bisect_right(edges, at_s - margin_s)
        if after == len(edges) or edges[after] >= at_s + length_s + margin_s:
            piece = pieces[max(0, bisect_right(starts, at_s) - 1)]
            yield at_s, at_s - piece.start_s + piece.sound_s if at_s < piece.end_s else None
        at_s += length_s / 2


def _rms(part: "array[int]") -> float:
    return math.sqrt(sum(map(mul, part, part)) / max(1, len(part)))
