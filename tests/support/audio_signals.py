"""Test signals, and measurements of decoded samples: correlation, loudness, level and pitch."""

import math
import re
import subprocess
from array import array
from functools import lru_cache
from itertools import accumulate
from operator import mul
from pathlib import Path

from tests.support.quick_programs import decoding_ffmpeg

# Enough for the chirp, and few enough samples for plain Python.
CORRELATED_HZ = 4_000
LARGEST_LAG_S = 0.1


def chirp(seconds: float, *, layout: str = "mono", rate: int = 48_000) -> tuple[str, ...]:
    """ffmpeg's input arguments for a tone that rises from 150 to 600 Hz: its
    autocorrelation has one peak, and it is low enough for lags between samples.
    """
    slope = 225 / seconds
    sound = f"0.3*sin(2*PI*(150*t+{slope:.3f}*t*t))*(0.7+0.3*sin(9*t))"
    shape = f"aformat=channel_layouts={layout}:sample_rates={rate}"
    # Copied into each channel: up-mixing would leave some silent.
    spread = f"pan={layout}|" + "|".join(f"c{n}=c0" for n in range(CHANNELS[layout]))
    return ("-f", "lavfi", "-i", f"aevalsrc='{sound}':d={seconds}:s={rate},{spread},{shape}")


def measured(file: Path) -> tuple[float, float]:
    """Integrated loudness in LUFS, true peak in dBTP."""
    meter = ["-map", "0:a:0", "-af", "ebur128=peak=true:framelog=verbose", "-f", "null", "-"]
    command = [decoding_ffmpeg(), "-hide_banner", "-nostats", "-i", f"file:{file}", *meter]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stderr
    loudness, peak = re.findall(r"I: +(\S+) LUFS|Peak: +(\S+) dBFS", said[said.rfind("Summary:") :])
    return float(loudness[0]), float(peak[1])


CHANNELS = {"mono": 1, "stereo": 2, "quad": 4, "5.1": 6, "7.1": 8}


def wave(file: Path, stream: str = "a:0", at_hz: int = CORRELATED_HZ, channels: int = 1) -> "array[float]":
    """Decodes to samples from -1 to 1, channels interleaved; `channels=0` takes the first channel only.

    What was decoded is kept until the file is written anew.
    """
    status = file.stat()
    return _wave(file, stream, at_hz, channels, (status.st_ino, status.st_size, status.st_mtime_ns))


@lru_cache(maxsize=256)
def _wave(
    file: Path, stream: str, at_hz: int, channels: int, _content: tuple[int, int, int]
) -> "array[float]":
    mixed = ["-ac", str(channels)] if channels else ["-af", "pan=mono|c0=c0"]
    command = [decoding_ffmpeg(), "-v", "error", "-nostdin", "-i", f"file:{file}", "-map", f"0:{stream}"]
    command += [*mixed, "-ar", str(at_hz), "-f", "f32le", "-"]
    raw = subprocess.run(command, check=True, capture_output=True, timeout=60).stdout
    decoded: array[float] = array("f")
    decoded.frombytes(raw)
    return decoded


def likeness(one: "array[float]", other: "array[float]") -> tuple[float, float]:
    """The greatest correlation, -1 to 1, and the lag of `other` there in seconds."""
    reach = int(LARGEST_LAG_S * CORRELATED_HZ)
    middle = one[reach : len(one) - reach]
    size = len(middle)
    # Padded with silence.
    there = other[: size + 2 * reach]
    there.extend([0.0] * (size + 2 * reach - len(there)))
    squares = [0.0, *accumulate(map(mul, there, there))]
    own = sum(map(mul, middle, middle))
    shared = [sum(map(mul, middle, there[lag : lag + size])) for lag in range(2 * reach)]
    alike = [
        both / math.sqrt(own * (squares[lag + size] - squares[lag]) + 1e-12)
        for lag, both in enumerate(shared)
    ]
    best = max(range(2 * reach), key=alike.__getitem__)
    return alike[best], (best - reach) / CORRELATED_HZ


def strength(samples: "array[float]", hz: float, rate: int) -> float:
    """The amplitude at one frequency."""
    angle = 2 * math.pi * hz / rate
    real = sum(x * math.cos(angle * n) for n, x in enumerate(samples))
    imaginary = sum(x * math.sin(angle * n) for n, x in enumerate(samples))
    return 2 * math.hypot(real, imaginary) / len(samples)


def level_db(samples: "array[float]") -> float:
    """Root mean square in dBFS."""
    return 10 * math.log10(sum(map(mul, samples, samples)) / max(1, len(samples)) + 1e-12)
