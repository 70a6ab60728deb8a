"""Sources of tones whose channels or sample rate change in the middle, and what a result has of them."""

from array import array
from dataclasses import dataclass
from itertools import groupby, pairwise
from pathlib import Path

from tests.support.audio_checks import SAMPLE_HZ, samples
from tests.support.media import Media

WINDOW_S = 0.05
# Of 32,768: the tones have an eighth of that.
SILENT = 300
SHORTEST_S = 0.11


@dataclass(frozen=True)
class Part:
    """A tone, after a leap of the timestamps."""

    hz: int
    seconds: float
    layout: str = "stereo"
    rate: int = 48_000
    leap_s: float = 0.0

    def write(self, media: Media, container: str, codec: str, at_s: float = 0.0) -> Path:
        tone = f"sine=f={self.hz}:d={self.seconds}:r={self.rate},aformat=channel_layouts={self.layout}"
        clock = ["-output_ts_offset", f"{at_s:.6f}", "-muxdelay", "0", "-muxpreload", "0"]
        return media.made(["-f", "lavfi", "-i", tone, "-c:a", codec, *clock], container)


def joined(media: Media, container: str, codec: str, *parts: Part) -> Path:
    """The parts one behind the other; in containers other than MPEG-TS by copying from it."""
    at_s, written = 0.0, []
    for part in parts:
        at_s += part.leap_s
        written.append(part.write(media, "ts", codec, at_s))
        at_s += length_s(written[-1])
    whole = media.directory / f"{'+'.join(each.stem for each in written)}.ts"
    whole.write_bytes(b"".join(each.read_bytes() for each in written))
    return whole if container == "ts" else media.made(["-i", str(whole), "-c", "copy"], container)


def length_s(file: Path) -> float:
    """Seconds of sound, by decoding it."""
    return len(samples(file)) / SAMPLE_HZ


def misheard(result: Path, *due: tuple[int, float, float], within_s: float = 0.12) -> list[str]:
    """What differs from the tones that are due, each with its beginning and its end."""
    found = tones(samples(result))
    if [hz for hz, _, _ in found] != [hz for hz, _, _ in due]:
        return [f"{found} instead of {list(due)}"]
    return [
        f"{one} instead of {other}"
        for one, other in zip(found, due, strict=True)
        if any(abs(a - b) > within_s for a, b in zip(one[1:], other[1:], strict=True))
    ]


def tones(heard: "array[int]") -> list[tuple[int, float, float]]:
    """Pitch in hundreds of Hz, beginning and end of each tone that is longer than a transition."""
    size = round(WINDOW_S * SAMPLE_HZ)
    pitches = [_pitch(heard[at : at + size]) for at in range(0, len(heard) - size + 1, size)]
    found, at = [], 0
    for hz, run in groupby(pitches):
        length = len(list(run))
        if hz and length * WINDOW_S >= SHORTEST_S:
            found.append((hz, round(at * WINDOW_S, 2), round((at + length) * WINDOW_S, 2)))
        at += length
    return found


def _pitch(part: "array[int]") -> int:
    if max(map(abs, part)) < SILENT:
        return 0
    crossings = sum(1 for a, b in pairwise(part) if (a < 0) != (b < 0))
    return round(crossings / (2 * WINDOW_S) / 100) * 100
