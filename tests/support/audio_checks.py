"""The ffmpeg transcoder with its own scratch directory, and checks of audio by its samples."""

import shutil
import subprocess
from array import array
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import psutil

from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.tools import Tools, find_tools
from converter_service.media.ffmpeg.transcoder import FFmpegTranscoder
from converter_service.media.media_info import MediaInfo
from converter_service.media.option_parser import parse
from converter_service.media.transcoder import Output
from tests.support.quick_programs import decoding_ffmpeg

SAMPLE_HZ = 8_000


@dataclass
class TranscodingHarness:
    """Converts copies of files, as a worker does: their original names do not matter."""

    scratch: Path
    tools: Tools = field(default_factory=lambda: find_tools(threads=1))
    limits: TranscodingLimits = field(default_factory=TranscodingLimits)
    reported: list[float] = field(default_factory=list)
    processors: int = 1

    @property
    def source(self) -> Path:
        return self.scratch / "source"

    @property
    def result(self) -> Path:
        return self.scratch / "result"

    @property
    def transcoder(self) -> FFmpegTranscoder:
        return FFmpegTranscoder(self.tools, self.limits, processors=self.processors)

    async def probe(self, file: Path) -> MediaInfo:
        self._bring(file)
        return await self.transcoder.probe(self.source)

    async def convert(self, file: Path, **fields: str) -> Output:
        """Probe and convert a copy of `file` with option fields as a client sends them."""
        info = await self.probe(file)
        return await self.transcoder.convert(self.source, info, parse(fields), self.result, self._report)

    def limited(self, **seconds_or_bytes: float) -> "TranscodingHarness":
        """Changes limits: `job_timeout=1.0`, `max_result_bytes=1000` …"""
        for name, value in seconds_or_bytes.items():
            is_time = isinstance(getattr(self.limits, name), timedelta)
            self.limits = _replaced(self.limits, name, timedelta(seconds=value) if is_time else int(value))
        return self

    def has_begun(self) -> bool:
        """Whether the result has bytes."""
        return self.result.exists() and self.result.stat().st_size > 0

    def programs(self) -> list[psutil.Process]:
        """Processes whose working directory is this scratch directory."""
        return [
            process
            for process in psutil.process_iter(["cwd", "status"])
            if process.info["cwd"] == str(self.scratch) and process.info["status"] != psutil.STATUS_ZOMBIE
        ]

    async def _report(self, done: float) -> None:
        self.reported.append(done)

    def _bring(self, file: Path) -> None:
        """Links the file if possible: sparse files of many hours take no space until they are copied."""
        if file == self.source:
            return
        self.source.unlink(missing_ok=True)
        try:
            self.source.hardlink_to(file)
        except OSError:
            shutil.copyfile(file, self.source)


def _replaced(limits: TranscodingLimits, name: str, value: object) -> TranscodingLimits:
    return TranscodingLimits(
        **{**{each: getattr(limits, each) for each in limits.__struct_fields__}, name: value}
    )


def samples(file: Path) -> "array[int]":
    """Decodes to 16-bit mono at SAMPLE_HZ."""
    command = [decoding_ffmpeg(), "-v", "error", "-nostdin", "-i", f"file:{file}"]
    form = ["-ac", "1", "-ar", str(SAMPLE_HZ), "-f", "s16le", "-"]
    raw = subprocess.run([*command, *form], check=True, capture_output=True, timeout=60).stdout
    decoded: array[int] = array("h")
    decoded.frombytes(raw)
    return decoded


def pitch_hz(file: Path) -> float:
    """The frequency of a pure tone, from its zero crossings."""
    decoded = samples(file)
    middle = decoded[len(decoded) // 4 : -len(decoded) // 4]
    crossings = sum(1 for a, b in pairwise(middle) if (a < 0) != (b < 0))
    return crossings * SAMPLE_HZ / (2 * len(middle))


def loudest(decoded: "array[int]") -> int:
    return max((abs(sample) for sample in decoded), default=0)


def decoded_digest(file: Path) -> str:
    """A digest of the samples of a file, which is the same whatever else its container has."""
    command = ["ffmpeg", "-v", "error", "-i", f"file:{file}", "-map", "0:a", "-f", "md5", "-"]
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
