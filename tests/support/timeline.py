"""Sources whose audio begins late, leaps, overlaps or starts anew, and what must be heard when in a result.

Second k of the sound is a tone of 300 + 100 k Hz, so that a result tells which second it plays.
"""

import math
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from converter_service.media.transcoder import Output
from tests.support.audio_checks import SAMPLE_HZ, loudest, samples
from tests.support.audio_signals import strength
from tests.support.media import Media

# A leap is rounded up to the next frame of the source's codec, and a result to one of its own.
BLUR_S = 0.055
HEARD_S = 0.08
LOUD = 8_000
VIDEO = {"webm": "libvpx", "ts": "mpeg2video", "mpg": "mpeg2video", "avi": "mpeg4", "flv": "flv1"}


@dataclass(frozen=True)
class Leap:
    """From second `at_s` of the sound on, timestamps are `by_s` later (or earlier, if negative)."""

    at_s: float
    by_s: float


@dataclass(frozen=True)
class Piece:
    """Sound from second `sound_s` on, heard at `start_s` to `end_s` of the source's time line."""

    start_s: float
    end_s: float
    sound_s: float


@dataclass(frozen=True)
class Timeline:
    """`sound_s` seconds of sound that begin `late_s` after the video."""

    sound_s: float
    late_s: float = 0.0
    leaps: tuple[Leap, ...] = ()
    has_video: bool = True

    @property
    def end_s(self) -> float:
        """The last timestamp of the sound."""
        return self.late_s + self.sound_s + sum(leap.by_s for leap in self.leaps)

    def pieces(self) -> tuple[Piece, ...]:
        """Where the sound belongs: at its timestamp, but never before the end of the sound before it."""
        edges = [leap.at_s for leap in self.leaps] + [self.sound_s]
        found = [Piece(self.late_s, self.late_s + edges[0], 0.0)]
        stamp_s = self.late_s + edges[0]
        for leap, until_s in zip(self.leaps, edges[1:], strict=True):
            stamp_s += leap.by_s
            start_s = max(found[-1].end_s, stamp_s)
            found.append(Piece(start_s, start_s + until_s - leap.at_s, leap.at_s))
            stamp_s += until_s - leap.at_s
        return tuple(found)

    def gaps_s(self, start_s: float = 0.0, end_s: float = math.inf) -> float:
        """Seconds without sound between its begin and its end, within the part that is asked for."""
        placed = self.pieces()
        between = [(one.end_s, other.start_s) for one, other in pairwise(placed)]
        return sum(max(0.0, min(b, end_s) - max(a, start_s)) for a, b in between)

    def write(self, media: Media, container: str, codec: str, *extra: str, rate: int = 48_000) -> Path:
        tone = f"0.5*sin(2*PI*(300+100*floor(t))*t):s={rate}:d={self.sound_s}"
        sound = ["-f", "lavfi", "-i", f"aevalsrc={tone}"]
        shift = "".join(f"+gte(T,{leap.at_s})*({leap.by_s})" for leap in self.leaps)
        moved = f"asetpts='PTS+({self.late_s}{shift})/TB'"
        if not self.has_video:
            return media.made([*sound, "-af", moved, "-c:a", codec, *extra], container)
        if container == "ts":
            # A PES packet of several frames has the timestamp of the first one only.
            extra = (*extra, "-pes_payload_size", "0")
        length = max(self.late_s + self.sound_s, self.end_s, 1.0)
        picture = ["-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={length}"]
        mapped = ["-filter_complex", f"[1:a]{moved}[a]", "-map", "0", "-map", "[a]"]
        video = ["-c:v", VIDEO.get(container, "libx264"), "-pix_fmt", "yuv420p"]
        return media.made([*picture, *sound, *mapped, *video, "-c:a", codec, *extra], container)

    def faults(
        self, result: Path, output: Output, start_s: float = 0.0, end_s: float = math.inf
    ) -> list[str]:
        """What is wrong with the result of the part from `start_s` to `end_s`; empty if nothing is."""
        pieces = self.pieces()
        begin_s, stop_s = max(start_s, pieces[0].start_s), min(end_s, pieces[-1].end_s)
        decoded = samples(result)
        made_s = len(decoded) / SAMPLE_HZ
        faults = []
        if not -0.06 < made_s - (stop_s - begin_s) < 0.1:
            faults.append(f"{made_s} s instead of {stop_s - begin_s}")
        gaps_s = self.gaps_s(start_s, end_s)
        if abs(output.gaps_s - gaps_s) > 0.03 * (1 + len(self.leaps)):
            faults.append(f"gaps of {output.gaps_s} s instead of {gaps_s}")
        for at_s, hz in _audible(pieces, begin_s, stop_s):
            first = round((at_s - begin_s) * SAMPLE_HZ)
            heard = decoded[first : first + int(HEARD_S * SAMPLE_HZ)]
            if hz is None and loudest(heard) > LOUD / 8:
                faults.append(f"sound at {at_s:.2f}")
            elif hz is not None and (not heard or strength(array("f", heard), hz, SAMPLE_HZ) < LOUD):
                faults.append(f"no {hz} Hz at {at_s:.2f}")
        return faults


def _audible(
    pieces: tuple[Piece, ...], begin_s: float, stop_s: float
) -> Iterator[tuple[float, float | None]]:
    """Times of the source's time line away from any change, and the tone there; None is silence."""
    at_s = begin_s + BLUR_S
    while at_s + HEARD_S + BLUR_S < stop_s:
        edges = [edge for piece in pieces for edge in (piece.start_s, piece.end_s)]
        inside = next((p for p in pieces if p.start_s <= at_s < p.end_s), None)
        sound_s = None if inside is None else at_s - inside.start_s + inside.sound_s
        if all(not at_s - BLUR_S < edge < at_s + HEARD_S + BLUR_S for edge in edges):
            if sound_s is None:
                yield at_s, None
            elif int(sound_s - BLUR_S) == int(sound_s + HEARD_S + BLUR_S):
                yield at_s, 300.0 + 100 * int(sound_s)
        at_s += 0.05
