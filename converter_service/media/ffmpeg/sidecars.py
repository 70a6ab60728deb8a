"""What goes into a result beside its sound is laid ready first: a text of tags and chapters, and a cover."""

import asyncio
import contextlib
from datetime import timedelta
from pathlib import Path

from converter_service.media.ffmpeg import commands
from converter_service.media.ffmpeg.commands import Beside, Tools
from converter_service.media.ffmpeg.cover import MAX_BYTES, View, jpeg_size, picture_comment, views
from converter_service.media.ffmpeg.job import Job
from converter_service.media.ffmpeg.metadata import document
from converter_service.media.ffmpeg.runner import Programs, within
from converter_service.media.formats import Covers
from converter_service.media.transcoder import MediaError, TranscoderUnavailable
from shared.logs import get_logger

# A frame is found at once or not at all.
COVER_TIMEOUT = timedelta(seconds=20)


class Laying:
    """Files beside the target, which go away with `clear`."""

    def __init__(self, tools: Tools, programs: Programs) -> None:
        self._tools = tools
        self._programs = programs
        self._log = get_logger(__name__)

    async def beside(self, job: Job) -> Beside:
        """A cover that cannot be had is done without: the sound is what was asked for."""
        cover, comment = await self._cover(job), {}
        if cover is not None and job.form.covers is Covers.COMMENT:
            comment = await asyncio.to_thread(_commented, cover)
            cover = None
        text = document(job.info, job.track, job.options, comment)
        words = _words(job)
        await asyncio.to_thread(words.write_text, text, encoding="utf-8")
        return Beside(words=words, cover=cover)

    def clear(self, job: Job) -> None:
        for file in (_words(job), _cover(job)):
            file.unlink(missing_ok=True)

    async def _cover(self, job: Job) -> Path | None:
        for view in views(job):
            try:
                async with within(COVER_TIMEOUT):
                    complaint = await self._taken(job, view)
            except (MediaError, TranscoderUnavailable) as fault:
                complaint = str(fault)
            if complaint is None:
                return _cover(job)
            self._log.info("no cover from there", codec=view.picture.codec, reason=complaint[-300:])
        return None

    async def _taken(self, job: Job, view: View) -> str | None:
        """None when there is a cover now, else why not."""
        target = _cover(job)
        with contextlib.suppress(FileNotFoundError):
            await asyncio.to_thread(target.unlink)
        command = commands.cover(self._tools, job.source, view, target)
        async with self._programs.started(
            command, target.parent, result=target, file_bytes=MAX_BYTES
        ) as running:
            async for _ in running.chunks():
                pass
            ended = await running.ended()
        if ended.code == 0 and await asyncio.to_thread(_is_jpeg, target):
            return None
        return f"exit {ended.code}: {ended.stderr}"


def _words(job: Job) -> Path:
    return job.target.with_name(f"{job.target.name}.words")


def _cover(job: Job) -> Path:
    return job.target.with_name(f"{job.target.name}.cover")


def _is_jpeg(file: Path) -> bool:
    return jpeg_size(file.read_bytes()) is not None


def _commented(file: Path) -> dict[str, str]:
    picture = file.read_bytes()
    size = jpeg_size(picture)
    return {} if size is None else {"METADATA_BLOCK_PICTURE": picture_comment(picture, size)}
