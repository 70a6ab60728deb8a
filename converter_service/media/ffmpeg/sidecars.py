"""Creates the sidecar files of a conversion: metadata and cover, written before the audio is encoded."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

from converter_service.media.audio_format import Covers
from converter_service.media.ffmpeg import commands
from converter_service.media.ffmpeg.cover import (
    MAX_BYTES,
    CoverSource,
    cover_sources,
    jpeg_size,
    picture_comment,
)
from converter_service.media.ffmpeg.job import Sidecars, TranscodeJob
from converter_service.media.ffmpeg.metadata import format_metadata
from converter_service.media.ffmpeg.runner import ProgramRunner, time_limit
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.transcoder import MediaError, TranscoderUnavailable
from shared.logs import get_logger

# A frame is decoded within moments, if at all.
COVER_TIMEOUT = timedelta(seconds=20)


class SidecarFiles:
    """Creates files next to the target, and removes them with `remove`."""

    def __init__(self, tools: Tools, programs: ProgramRunner) -> None:
        self._tools = tools
        self._programs = programs
        self._log = get_logger(__name__)

    async def create(self, job: TranscodeJob) -> Sidecars:
        """Writes the metadata and, if the source has a usable picture, the cover."""
        cover, comment = await self._cover(job), {}
        if cover is not None and job.form.covers is Covers.COMMENT:
            comment = await asyncio.to_thread(_cover_comment, cover)
            cover = None
        text = format_metadata(job.info, job.track, job.options, comment)
        metadata = _metadata_path(job)
        await asyncio.to_thread(metadata.write_text, text, encoding="utf-8")
        return Sidecars(metadata=metadata, cover=cover)

    def remove(self, job: TranscodeJob) -> None:
        for file in (_metadata_path(job), _cover_path(job)):
            file.unlink(missing_ok=True)

    async def _cover(self, job: TranscodeJob) -> Path | None:
        """The first picture that can be extracted; None if there is none, which fails no conversion."""
        for place in cover_sources(job):
            try:
                async with time_limit(COVER_TIMEOUT):
                    complaint = await self._extract(job, place)
            except (MediaError, TranscoderUnavailable) as fault:
                complaint = str(fault)
            if complaint is None:
                return _cover_path(job)
            self._log.info("cover not extracted", codec=place.picture.codec, reason=complaint[-300:])
        return None

    async def _extract(self, job: TranscodeJob, place: CoverSource) -> str | None:
        """Writes the cover; returns the reason if that failed."""
        target = _cover_path(job)
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(target.unlink)
        command = commands.cover(self._tools, job.source, place, target)
        async with self._programs.start(
            command, target.parent, result=target, file_bytes=MAX_BYTES
        ) as running:
            async for _ in running.chunks():
                pass
            ended = await running.wait()
        if ended.code == 0 and await asyncio.to_thread(_is_jpeg, target):
            return None
        return f"exit {ended.code}: {ended.stderr}"


def _metadata_path(job: TranscodeJob) -> Path:
    return job.target.with_name(f"{job.target.name}.metadata")


def _cover_path(job: TranscodeJob) -> Path:
    return job.target.with_name(f"{job.target.name}.cover")


def _is_jpeg(file: Path) -> bool:
    return jpeg_size(file.read_bytes()) is not None


def _cover_comment(file: Path) -> dict[str, str]:
    picture = file.read_bytes()
    size = jpeg_size(picture)
    return {} if size is None else {"METADATA_BLOCK_PICTURE": picture_comment(picture, size)}
