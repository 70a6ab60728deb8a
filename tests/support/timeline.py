"""Sources whose audio begins late, leaps, overlaps, starts anew or is trimmed by an edit list, and what must
be heard when in a result.

The sound is noise, every part of which is like no other: a result tells to the sample what it plays.
"""

from array import array
from dataclasses import dataclass, replace
from pathlib import Path

from tests.support.audio_checks import samples
from tests.support.audio_signals import CHANNELS
from tests.support.edit_lists import Edit, with_edits
from tests.support.media import Media
from tests.support.placed_sound import Piece

VIDEO = {
    "webm": "libvpx",
    "ts": "mpeg2video",
    "mpg": "mpeg2video",
    "avi": "mpeg4",
    "flv": "flv1",
    "wmv": "wmv2",
    "ogv": "libtheora",
}
RATE_HZ = 48_000
# Samples that an encoder puts before the sound.
DELAYS = {"aac": 1024}
# What ffmpeg passes on at once: short, so that timestamps leap where they should.
SHORT_FRAME = 64


@dataclass(frozen=True)
class Leap:
    """From second `at_s` of the sound on, timestamps are `by_s` later (or earlier, if negative)."""

    at_s: float
    by_s: float


@dataclass(frozen=True)
class Timeline:
    """`sound_s` seconds of sound that begin `late_s` after the video.

    `trim_s` is cut from the start of the file by an edit list. `other_late_s`: there is a second audio track,
    with other sound, that begins so late. `seed` chooses the sound. `clock_s` is what the file's clock says
    when it begins.
    """

    sound_s: float
    late_s: float = 0.0
    leaps: tuple[Leap, ...] = ()
    has_video: bool = True
    trim_s: float = 0.0
    other_late_s: float | None = None
    seed: int = 1
    clock_s: float = 0.0
    recordings = 1

    @property
    def end_s(self) -> float:
        """The last timestamp of the sound."""
        return self.late_s + self.sound_s + sum(leap.by_s for leap in self.leaps)

    @property
    def zero_s(self) -> float:
        """When the file begins, before it is trimmed: with the earliest of its tracks."""
        lates = [self.late_s] + ([] if self.other_late_s is None else [self.other_late_s])
        return 0.0 if self.has_video else min(lates)

    def pieces(self) -> tuple[Piece, ...]:
        """Where the sound belongs: at its timestamp, but never before the end of the sound before it."""
        edges = [leap.at_s for leap in self.leaps] + [self.sound_s]
        begin_s = self.late_s - self.zero_s
        found = [Piece(begin_s, begin_s + edges[0], 0.0)]
        stamp_s = begin_s + edges[0]
        for leap, until_s in zip(self.leaps, edges[1:], strict=True):
            stamp_s += leap.by_s
            start_s = max(found[-1].end_s, stamp_s)
            found.append(Piece(start_s, start_s + until_s - leap.at_s, leap.at_s))
            stamp_s += until_s - leap.at_s
        return tuple(piece.trimmed(self.trim_s) for piece in found if piece.end_s > self.trim_s)

    def write(self, media: Media, container: str, codec: str, *extra: str) -> Path:
        sound, other = _noise(self.seed, self.sound_s), _noise(self.seed + 100, self.sound_s)
        shift = "".join(f"+gte(T,{leap.at_s})*({leap.by_s})" for leap in self.leaps)
        chains = [f"{sound},asetpts='PTS+({self.late_s}{shift})/TB'[a]"]
        maps = ["-map", "[a]"]
        if self.other_late_s is not None:
            chains.append(f"{other},asetpts='PTS+({self.other_late_s})/TB'[b]")
            maps = ["-map", "[b]", *maps]
        if container == "ts":
            # A PES packet of several frames has the timestamp of the first one only.
            extra = (*extra, "-pes_payload_size", "0")
        if self.clock_s:
            extra = (*extra, "-output_ts_offset", str(self.clock_s))
        if self.has_video:
            length = max(self.late_s + self.sound_s, self.end_s, 1.0)
            chains.append(f"testsrc=size=64x36:rate=25:duration={length}[v]")
            video = VIDEO.get(container, "libx264")
            maps = ["-map", "[v]", *maps, "-c:v", video, "-pix_fmt", "yuv420p"]
        whole = media.made(["-filter_complex", ";".join(chains), *maps, "-c:a", codec, *extra], container)
        if not self.trim_s:
            return whole
        return media.made(["-ss", str(self.trim_s), "-i", str(whole), "-map", "0", "-c", "copy"], container)

    def sound(self, media: Media) -> "array[int]":
        return samples(media.made(["-filter_complex", _noise(self.seed, self.sound_s)], "wav"))


@dataclass(frozen=True)
class Joined:
    """Two recordings in one file, whose clocks begin alike: the second one follows the first at once."""

    first: Timeline
    second: Timeline
    # Two, each of which begins with a frame of padding; the first one also ends with a part of a frame.
    recordings = 3

    def pieces(self) -> tuple[Piece, ...]:
        first, second = self.first.pieces(), self.second.pieces()
        return (
            *first,
            *(piece.later(first[-1].end_s - second[0].start_s, self.first.sound_s) for piece in second),
        )

    def write(self, media: Media, container: str, codec: str) -> Path:
        # A Matroska file of known length ends there, whatever follows.
        live = ("-live", "1") if container in ("mkv", "webm") else ()
        parts = [each.write(media, container, codec, *live) for each in (self.first, self.second)]
        whole = media.directory / f"{parts[0].stem}+{parts[1].stem}.{container}"
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        return whole

    def sound(self, media: Media) -> "array[int]":
        return self.first.sound(media) + self.second.sound(media)


@dataclass(frozen=True)
class Changing:
    """A recording whose channels and sample rate change after its first part and `gap_s` seconds of nothing.
    The parts have no picture, and the second one is not late.
    """

    first: Timeline
    second: Timeline
    gap_s: float
    layouts: tuple[str, str]
    rates: tuple[int, int]

    @property
    def recordings(self) -> int:
        """Two, whose padding is that of three where one follows the other at once: the first one ends with a
        part of a frame, and timestamps of the second one begin a frame early.
        """
        return 2 if self.gap_s else 3

    def pieces(self) -> tuple[Piece, ...]:
        first, second = self.first.pieces(), self.second.pieces()
        later_s = first[-1].end_s + self.gap_s
        return (*first, *(piece.later(later_s, self.first.sound_s) for piece in second))

    def write(self, media: Media, container: str, codec: str) -> Path:
        """In other containers than MPEG-TS by copying from it."""
        clock_s, parts = self.first.clock_s, []
        for part, layout, rate in zip((self.first, self.second), self.layouts, self.rates, strict=True):
            shape = ("-ac", str(CHANNELS[layout]), "-ar", str(rate), "-muxdelay", "0", "-muxpreload", "0")
            parts.append(replace(part, clock_s=clock_s).write(media, "ts", codec, *shape))
            clock_s += part.end_s + self.gap_s
        whole = media.directory / f"{parts[0].stem}+{parts[1].stem}.ts"
        whole.write_bytes(b"".join(part.read_bytes() for part in parts))
        return whole if container == "ts" else media.made(["-i", str(whole), "-c", "copy"], container)

    def sound(self, media: Media) -> "array[int]":
        return self.first.sound(media) + self.second.sound(media)


@dataclass(frozen=True)
class Edited:
    """Parts of `sound_s` seconds of sound in the order of an edit list, with time without sound between."""

    sound_s: float
    edits: tuple[Edit, ...]
    seed: int = 1

    @property
    def recordings(self) -> int:
        return len(self.edits)

    def pieces(self) -> tuple[Piece, ...]:
        """The file begins with its first sound."""
        at_s, found = 0.0, []
        for edit in self.edits:
            if edit.from_s is not None:
                found.append(Piece(at_s, at_s + edit.seconds, edit.from_s))
            if found:
                at_s += edit.seconds
        return tuple(found)

    def write(self, media: Media, container: str, codec: str) -> Path:
        plain = Timeline(self.sound_s, has_video=False, seed=self.seed).write(media, container, codec)
        target = plain.with_name(f"edited-{abs(hash(self.edits))}-{plain.name}")
        return with_edits(plain, target, self.edits, delay=DELAYS.get(codec, 0))

    def sound(self, media: Media) -> "array[int]":
        return Timeline(self.sound_s, seed=self.seed).sound(media)


def _noise(seed: int, seconds: float) -> str:
    """Low enough for every codec to keep its shape."""
    low = "lowpass=f=2500,lowpass=f=2500"
    return f"anoisesrc=seed={seed}:r={RATE_HZ}:d={seconds}:a=0.6:n={SHORT_FRAME},{low}"
