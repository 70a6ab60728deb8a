"""Facts about an audio file from ffprobe."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Facts:
    codec: str
    duration_s: float
    bitrate_bps: int


def facts_of(path: Path) -> Facts:
    """Raises CalledProcessError if the file is not readable."""
    command = ["ffprobe", "-v", "error", "-of", "json", "-show_streams", "-show_format", f"file:{path}"]
    answer = json.loads(subprocess.run(command, check=True, capture_output=True, timeout=30).stdout)
    stream = next(one for one in answer["streams"] if one["codec_type"] == "audio")
    return Facts(stream["codec_name"], float(answer["format"]["duration"]), int(stream["bit_rate"]))
