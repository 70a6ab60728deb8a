"""Size and sound of MP3s that several encoders make, against those of one ffmpeg.

`python -m bench.mp3_encoding FILE …` encodes 90 seconds of each recording, repeated if it is shorter, at
several sample rates, and prints for each setting the smallest and the largest figure of all. The
signal-to-noise ratio is that of the MP3 against the recording, in segments of 20 ms.
"""

import argparse
import asyncio
import math
import statistics
import subprocess
import sys
import tempfile
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from operator import mul, sub
from pathlib import Path

import msgspec

from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.tools import find_tools
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.media.option_parser import parse

SECONDS = 90
PROCESSORS = 4
PROGRAM_S = 120
SEGMENT_S = 0.02
# Quieter segments are not measured: nothing of them may be encoded.
AUDIBLE = 1e-4
SHAPES = ((44_100, 2), (48_000, 1), (22_050, 2))
COLUMNS = (
    "setting",
    "size ÷ that of ffmpeg's file",
    "mean signal-to-noise ratio, dB above that of ffmpeg's file",
    "its fifth percentile, dB above",
)
# Options of the converter, and those of ffmpeg that mean the same.
CONSTANT = {f"{kbits}k": ({"bitrate": f"{kbits}k"}, ["-b:a", f"{kbits}k"]) for kbits in (64, 128, 192, 320)}
VARYING = {f"V{each}": ({"quality": f"{each}"}, ["-q:a", f"{each}"]) for each in (0, 2, 5, 9)}


class Figures(msgspec.Struct, frozen=True):
    """Of one encoding, against that of one ffmpeg; ratios in dB."""

    size: float
    mean_db: float
    low_db: float


def main(files: list[Path]) -> None:
    found: defaultdict[str, list[Figures]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-") as name:
        for file in files:
            for rate_hz, channels in SHAPES:
                for setting, figures in measured(file, rate_hz, channels, Path(name)):
                    print(f"{file.stem}, {rate_hz} Hz, {channels}, {setting}: {figures}", file=sys.stderr)
                    found[setting].append(figures)
    print("| " + " | ".join(COLUMNS) + " |")
    print("|---|---|---|---|")
    for setting, of_all in found.items():
        sizes, means, lows = zip(*map(msgspec.structs.astuple, of_all), strict=True)
        row = (setting, span(sizes, ".4f"), span(means, "+.3f"), span(lows, "+.3f"))
        print("| " + " | ".join(row) + " |")


def span(values: Sequence[float], form: str) -> str:
    return f"{min(values):{form}} to {max(values):{form}}"


def measured(file: Path, rate_hz: int, channels: int, folder: Path) -> Iterator[tuple[str, Figures]]:
    source, one, ours = folder / "source", folder / "one.mp3", folder / "ours.mp3"
    shape = ["-ar", str(rate_hz), "-ac", str(channels)]
    _run(["-stream_loop", "-1", "-i", str(file), "-t", str(SECONDS), *shape, "-f", "wav", str(source)])
    recorded, segment = decoded(source), int(rate_hz * SEGMENT_S) * channels
    for setting, (fields, options) in {**CONSTANT, **VARYING}.items():
        if rate_hz < 32_000 and setting in ("192k", "320k"):  # MPEG-2 has at most 160 kbit/s
            continue
        _run(["-i", str(source), "-c:a", "libmp3lame", *options, str(one)])
        asyncio.run(convert(source, fields, ours))
        reference, ratios = (signal_to_noise(recorded, decoded(mp3), segment) for mp3 in (one, ours))
        yield (
            setting,
            Figures(
                ours.stat().st_size / one.stat().st_size,
                statistics.mean(ratios) - statistics.mean(reference),
                statistics.quantiles(ratios, n=20)[0] - statistics.quantiles(reference, n=20)[0],
            ),
        )


async def convert(source: Path, fields: Mapping[str, str], target: Path) -> None:
    """As a worker does that may use PROCESSORS processors."""
    transcoder = FFmpegTranscoder(find_tools(1), TranscodingLimits(), processors=PROCESSORS)
    info = await transcoder.probe(source)
    await transcoder.convert(source, info, parse(fields), target, _ignore)


def decoded(file: Path) -> "array[float]":
    command = ["ffmpeg", "-v", "error", "-i", str(file), "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, stdout=subprocess.PIPE, timeout=PROGRAM_S).stdout
    return array("f", raw)


def signal_to_noise(source: "array[float]", other: "array[float]", size: int) -> list[float]:
    """In dB, for each audible segment of `size` values. Raises RuntimeError if the lengths differ."""
    if len(source) != len(other):
        raise RuntimeError(f"{len(other)} samples in place of {len(source)}")
    ratios = []
    for at in range(0, len(source) - size, size):
        wanted, got = source[at : at + size], other[at : at + size]
        power, noise = sum(map(mul, wanted, wanted)), list(map(sub, wanted, got))
        if power / size > AUDIBLE**2:
            ratios.append(10 * math.log10(power / (sum(map(mul, noise, noise)) + 1e-12)))
    return ratios


async def _ignore(done: float) -> None:
    """Progress is not shown."""


def _run(options: list[str]) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-y", *options], check=True, timeout=PROGRAM_S)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.mp3_encoding", description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    main(parser.parse_args().files)
