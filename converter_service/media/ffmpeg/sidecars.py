"""Creates the sidecar files of a conversion: metadata and cover, written before the audio is encoded."""

import asyncio
import contextlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from converter_service.media.audio_format import Covers
from converter_service.media.errors import MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg import cover_command
from converter_service.media.ffmpeg.cover import (
    MAX_BYTES,
    CoverSource,
    cover_sources,
    jpeg_size,
    picture_comment,
)
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.metadata import format_metadata
from converter_service.media.ffmpeg.runner import ProgramRunner, time_limit
from shared.logs import get_logger

# A frame is decoded within moments, if at all.
COVER_TIMEOUT = timedelta(seconds=20)

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SidecarFiles:
    """Creates files next to the target, and removes them with `remove`."""

    programs: ProgramRunner

    async def create(self, job: TranscodeJob) -> bool:
        """Writes the metadata and, if the source has a usable picture, the cover.

        Returns True if the cover is to be muxed: in Ogg files it is part of the metadata.
        """
        has_cover, comment = await self._extract_cover(job), {}
        if has_cover and job.form.covers is Covers.COMMENT:
            comment = await asyncio.to_thread(_cover_comment, job.cover_path)
            has_cover = False
        text = format_metadata(job, comment)
        await asyncio.to_thread(job.metadata_path.write_text, text, encoding="utf-8")
        return has_cover

    def remove(self, job: TranscodeJob) -> None:
        for file in (job.metadata_path, job.cover_path):
            file.unlink(missing_ok=True)

    async def _extract_cover(self, job: TranscodeJob) -> bool:
        """Writes the first picture that can be extracted; False if none can, which fails no conversion."""
        for place in cover_sources(job):
            try:
                async with time_limit(COVER_TIMEOUT):
                    complaint = await self._extract(job, place)
            except (MediaError, TranscoderUnavailable) as fault:
                complaint = str(fault)
            if complaint is None:
                return True
            log.info("cover not extracted", codec=place.picture.codec, reason=complaint[-300:])
        return False

    async def _extract(self, job: TranscodeJob, place: CoverSource) -> str | None:
        """Writes the cover; returns the reason if that failed."""
        target = job.cover_path
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(target.unlink)
        command = cover_command.cover(
            self.programs.tools, job.source, place, target, is_deep=job.info.is_deep
        )
        async with self.programs.start(
            command, target.parent, result=target, file_bytes=MAX_BYTES
        ) as running:
            async for _ in running.chunks():
                pass
            ended = await running.wait()
        if ended.code == 0 and await asyncio.to_thread(_is_jpeg, target):
            return None
        return f"exit {ended.code}: {ended.stderr}"


def _is_jpeg(file: Path) -> bool:
    return jpeg_size(file.read_bytes()) is not None


def _cover_comment(file: Path) -> dict[str, str]:
    picture = file.read_bytes()
    size = jpeg_size(picture)
    return {} if size is None else {"METADATA_BLOCK_PICTURE": picture_comment(picture, size)}
