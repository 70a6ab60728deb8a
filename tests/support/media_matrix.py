"""Combinations of container, audio codec, channel layout and sample rate: either each pair of container and
codec once, with varying layouts and rates, or all of them.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import cycle, product
from pathlib import Path

from tests.support.audio_signals import chirp
from tests.support.media import Media

SECONDS = 1.2
AMR_FRAME_S, AMR_FRAME = 0.02, 32


@dataclass(frozen=True)
class Container:
    """`picture` is its usual video codec, `more` are options of the muxer."""

    suffix: str
    picture: str
    codecs: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Codec:
    """An encoder's arguments, and the layouts and sample rates that it accepts."""

    encoder: tuple[str, ...]
    layouts: tuple[str, ...]
    rates: tuple[int, ...]


@dataclass(frozen=True)
class Case:
    container: str
    codec: str
    layout: str
    rate: int
    has_picture: bool = True
    tracks: int = 1

    def __str__(self) -> str:
        beside = "with video" if self.has_picture else "alone"
        tracks = f", {self.tracks} tracks" if self.tracks > 1 else ""
        return f"{self.codec} in {self.container}, {self.layout} at {self.rate}, {beside}{tracks}"


FRAGMENTED = ("-movflags", "+frag_keyframe+empty_moov")
LIVE = ("-live", "1")

CONTAINERS = {
    "mp4 with its index last": Container("mp4", "mpeg4", ("aac", "mp3", "ac3", "opus", "flac", "mp2")),
    "mp4 with its index first": Container("mp4", "libx264", ("aac", "mp3"), ("-movflags", "+faststart")),
    "fragmented mp4": Container("mp4", "mpeg4", ("aac", "opus"), FRAGMENTED),
    "mov": Container("mov", "mpeg4", ("aac", "pcm", "mp3", "ac3")),
    "mkv": Container(
        "mkv", "libx264", ("aac", "mp3", "opus", "vorbis", "ac3", "flac", "pcm", "mp2", "wma", "amr")
    ),
    "live mkv": Container("mkv", "mpeg4", ("aac",), LIVE),
    "webm": Container("webm", "libvpx", ("opus", "vorbis")),
    "live webm": Container("webm", "libvpx", ("opus",), LIVE),
    "avi": Container("avi", "mpeg4", ("mp3", "pcm", "ac3", "mp2", "wma")),
    "flv": Container("flv", "flv", ("aac", "flv mp3")),
    "ts": Container("ts", "mpeg2video", ("aac", "mp3", "ac3", "mp2", "opus")),
    "mpg": Container("mpg", "mpeg2video", ("mp2", "ac3")),
    "ogv": Container("ogv", "libtheora", ("vorbis", "opus", "flac")),
    "wmv": Container("wmv", "wmv2", ("wma", "wmav1")),
    "3gp": Container("3gp", "mpeg4", ("aac", "amr")),
}

STEREO, SURROUND = ("mono", "stereo"), ("mono", "stereo", "5.1")
LOW, ALL = (8_000, 16_000, 22_050, 32_000, 44_100, 48_000), (8_000, 22_050, 44_100, 48_000, 96_000)

CODECS = {
    "aac": Codec(("aac",), SURROUND, ALL),
    "mp3": Codec(("libmp3lame",), STEREO, LOW),
    "flv mp3": Codec(("libmp3lame",), STEREO, (11_025, 22_050, 44_100)),
    "opus": Codec(("libopus",), SURROUND, (8_000, 16_000, 48_000)),
    "vorbis": Codec(("libvorbis",), SURROUND, ALL),
    "ac3": Codec(("ac3",), SURROUND, (32_000, 44_100, 48_000)),
    "flac": Codec(("flac",), SURROUND, ALL),
    "pcm": Codec(("pcm_s16le",), SURROUND, ALL),
    "mp2": Codec(("mp2",), STEREO, (16_000, 22_050, 32_000, 44_100, 48_000)),
    "wma": Codec(("wmav2", "-b:a", "128k"), STEREO, (22_050, 32_000, 44_100, 48_000)),
    "wmav1": Codec(("wmav1", "-b:a", "128k"), STEREO, (32_000, 44_100)),
    "amr": Codec(("copy",), ("mono",), (8_000,)),
}


def covering() -> Iterator[Case]:
    """Each pair of container and codec once; layouts and rates of a codec take turns."""
    layouts = {name: cycle(codec.layouts) for name, codec in CODECS.items()}
    rates = {name: cycle(codec.rates) for name, codec in CODECS.items()}
    pairs = [(name, codec) for name, container in CONTAINERS.items() for codec in container.codecs]
    for number, (container, codec) in enumerate(pairs):
        case = Case(container, codec, next(layouts[codec]), next(rates[codec]), number % 4 != 3)
        yield replace(case, tracks=2) if number % 7 == 0 and codec != "amr" else case


def everything() -> Iterator[Case]:
    """All combinations; most have a video stream."""
    beside = cycle((True, False, False, True, True))
    for name, container in CONTAINERS.items():
        for codec in container.codecs:
            kinds = product(CODECS[codec].layouts, CODECS[codec].rates)
            yield from (Case(name, codec, layout, rate, next(beside)) for layout, rate in kinds)


def made(media: Media, case: Case) -> Path:
    """Creates the file of a case: the chirp is in the last audio track, a plain tone in the one before."""
    container, codec = CONTAINERS[case.container], CODECS[case.codec]
    picture = ["-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}"]
    tone = ["-f", "lavfi", "-i", f"sine=frequency=300:sample_rate={case.rate}:duration={SECONDS}"]
    inputs = [
        *(picture if case.has_picture else []),
        *(tone * (case.tracks - 1)),
        *_audio_inputs(media, case),
    ]
    maps = [word for number in range(case.has_picture + case.tracks) for word in ("-map", str(number))]
    coding = ["-c:v", container.picture, "-pix_fmt", "yuv420p", "-strict", "-2", "-c:a", *codec.encoder]
    return media.made([*inputs, *maps, *coding, *container.more], container.suffix)


def _audio_inputs(media: Media, case: Case) -> list[str]:
    if case.codec == "amr":
        return ["-i", str(_speech(media))]
    return list(chirp(SECONDS, layout=case.layout, rate=case.rate))


def _speech(media: Media) -> Path:
    """AMR-NB at 12.2 kbit/s (RFC 4867 §5): random bits, since few ffmpegs have an encoder for it."""
    file = media.directory / "speech.amr"
    chance = random.Random(3)
    frames = (b"\x3c" + chance.randbytes(AMR_FRAME - 1) for _ in range(round(SECONDS / AMR_FRAME_S)))
    file.write_bytes(b"#!AMR\n" + b"".join(frames))
    return file
