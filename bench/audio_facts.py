"""Measured properties of an audio file: duration, level, channels, sample rate and tags."""

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

PROGRAM_S = 120
LEVELS = re.compile(r"(Peak|RMS) level dB: (-?[\d.]+|-inf)")
SILENT_DB = -120.0


class AudioFacts(msgspec.Struct, frozen=True):
    """`seconds` are those of its decoded samples, the levels those of all channels together, in dBFS."""

    seconds: float
    rms_db: float
    peak_db: float
    channels: int
    rate_hz: int
    tags: Mapping[str, str]


def measured(file: Path) -> AudioFacts:
    show = ["-show_format", "-show_streams", "-select_streams", "a:0", "-of", "json"]
    described = json.loads(run(["ffprobe", "-v", "error", *show, f"file:{file}"])[0])
    stream, form = described["streams"][0], described["format"]
    meter = ["-map", "0:a:0", "-af", "astats=measure_perchannel=none", "-f", "null", "-"]
    report = run(["ffmpeg", "-hide_banner", "-nostats", "-i", f"file:{file}", *meter])[1]
    levels = {name: SILENT_DB if text == "-inf" else float(text) for name, text in LEVELS.findall(report)}
    samples = re.search(r"Number of samples: (\d+)", report)
    rate_hz = int(stream["sample_rate"])
    tags = {**stream.get("tags", {}), **form.get("tags", {})}
    return AudioFacts(
        seconds=int(samples[1]) / rate_hz if samples else 0.0,
        rms_db=levels.get("RMS", SILENT_DB),
        peak_db=levels.get("Peak", SILENT_DB),
        channels=int(stream["channels"]),
        rate_hz=rate_hz,
        tags={name.lower(): value for name, value in tags.items()},
    )


def run(command: Sequence[str]) -> tuple[str, str]:
    """Standard output and standard error. Raises CalledProcessError."""
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=PROGRAM_S)
    return done.stdout, done.stderr
