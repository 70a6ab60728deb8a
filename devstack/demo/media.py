"""Sample video made by ffmpeg, and duration of an MP3 from ffprobe."""

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

from devstack.errors import StackError

TIMEOUT_S = 120
SAMPLE_S = 20


def make_sample(file: Path) -> None:
    """Writes a video with a moving test picture and a tone that beeps once a second."""
    picture = f"testsrc2=size=640x360:rate=25:duration={SAMPLE_S}"
    tone = f"sine=frequency=440:beep_factor=4:duration={SAMPLE_S}"
    _run(["ffmpeg", "-loglevel", "error", "-nostdin", "-y", "-f", "lavfi", "-i", picture,
          "-f", "lavfi", "-i", tone, "-pix_fmt", "yuv420p", f"file:{file}"])  # fmt: skip


def mp3_duration_s(file: Path) -> float:
    """Returns the duration in seconds; raises StackError unless the file has an MP3 audio stream."""
    show = "format=duration:stream=codec_name"
    report = json.loads(
        _run(["ffprobe", "-v", "error", "-show_entries", show, "-of", "json", f"file:{file}"])
    )
    codecs = [stream.get("codec_name") for stream in report["streams"]]
    if "mp3" not in codecs:
        raise StackError(f"what was downloaded is no MP3: {codecs}")
    return float(report["format"]["duration"])


def _run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise StackError(f"{command[0]} failed: {done.stderr.strip()[-1000:]}")
    return done.stdout
