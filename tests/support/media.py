"""Tiny real media files made by ffmpeg, and ffprobe's description of a file."""

import json
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

TIMEOUT_S = 120


@dataclass(frozen=True)
class Codecs:
    video: str
    audio: str


# What each container usually carries.
USUAL = {
    "mp4": Codecs("libx264", "aac"),
    "mov": Codecs("libx264", "aac"),
    "mkv": Codecs("libx264", "aac"),
    "webm": Codecs("libvpx", "libopus"),
    "avi": Codecs("mpeg4", "libmp3lame"),
    "mpg": Codecs("mpeg2video", "mp2"),
    "ts": Codecs("mpeg2video", "mp2"),
    "flv": Codecs("flv1", "libmp3lame"),
    "ogv": Codecs("libtheora", "libvorbis"),
}


class Media:
    """Creates media files and caches them by their arguments."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def video(
        self,
        seconds: float = 2.0,
        *,
        container: str = "mp4",
        audio: str | None = None,
        faststart: bool = False,
        tracks: int = 1,
        metadata: Sequence[tuple[str, str]] = (),
        size: str = "64x36",
    ) -> Path:
        """A test picture with a 440 Hz tone; `tracks` tones, each 220 Hz higher, as separate audio tracks."""
        usual = USUAL[container]
        arguments = ["-f", "lavfi", "-i", f"testsrc=size={size}:rate=25:duration={seconds}"]
        for track in range(tracks):
            arguments += ["-f", "lavfi", "-i", f"sine=frequency={440 + 220 * track}:duration={seconds}"]
        for stream in range(tracks + 1):
            arguments += ["-map", str(stream)]
        arguments += ["-c:v", usual.video, "-pix_fmt", "yuv420p", "-c:a", audio or usual.audio]
        arguments += ["-movflags", "+faststart"] if faststart else []
        for name, value in metadata:
            arguments += ["-metadata", f"{name}={value}"]
        return self.made(arguments, container)

    def silent_video(self, seconds: float = 2.0, *, container: str = "mp4") -> Path:
        """A video without an audio track."""
        source = f"testsrc=size=64x36:rate=25:duration={seconds}"
        return self.made(
            ["-f", "lavfi", "-i", source, "-c:v", USUAL[container].video, "-pix_fmt", "yuv420p"], container
        )

    def audio(self, seconds: float = 2.0, *, container: str = "wav") -> Path:
        """A 440 Hz tone without a picture."""
        return self.made(["-f", "lavfi", "-i", f"sine=frequency=440:duration={seconds}"], container)

    def picture(self, *, container: str = "png") -> Path:
        return self.made(["-f", "lavfi", "-i", "testsrc=size=64x36", "-frames:v", "1"], container)

    def truncated(self, source: Path, keep: float = 0.5) -> Path:
        """The first part of another file."""
        whole = source.read_bytes()
        part = self.directory / f"{source.stem}-{keep:g}{source.suffix}"
        part.write_bytes(whole[: int(len(whole) * keep)])
        return part

    def made(self, arguments: Sequence[str], container: str) -> Path:
        """The file that ffmpeg writes for these arguments."""
        file = self.directory / f"{sha256(repr(arguments).encode()).hexdigest()[:16]}.{container}"
        if not file.exists():
            draft = file.with_name(f"draft-{file.name}")
            run(
                [
                    "ffmpeg",
                    "-hide_banner",
                    "-loglevel",
                    "error",
                    "-nostdin",
                    "-y",
                    *arguments,
                    f"file:{draft}",
                ]
            )
            draft.replace(file)
        return file


def probe(file: Path) -> dict[str, Any]:
    """`format` and `streams` as ffprobe prints them in JSON."""
    show = ["ffprobe", "-v", "error", "-show_format", "-show_streams", "-of", "json", f"file:{file}"]
    report: dict[str, Any] = json.loads(run(show))
    return report


def duration_s(file: Path) -> float:
    return float(probe(file)["format"]["duration"])


def run(command: Sequence[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{command[0]} failed: {done.stderr[-2000:]}"
    return done.stdout
