"""The transcoder that is ffmpeg: probe, convert, and believe nothing that it says about its own success."""

import asyncio
import contextlib
import shutil
from pathlib import Path

from converter_service.media.ffmpeg import commands
from converter_service.media.ffmpeg.checks import Checks, too_long
from converter_service.media.ffmpeg.commands import Tools
from converter_service.media.ffmpeg.declared_size import lacks_bytes
from converter_service.media.ffmpeg.encode import Making
from converter_service.media.ffmpeg.errors import cut_off, failure
from converter_service.media.ffmpeg.job import Job, chosen_track
from converter_service.media.ffmpeg.probe import media_info
from converter_service.media.ffmpeg.runner import Answered, Programs, Rules, within
from converter_service.media.ffmpeg.sidecars import Laying
from converter_service.media.ffmpeg.webm import is_webm
from converter_service.media.formats import FORMATS
from converter_service.media.options import Options
from converter_service.media.sandbox.process import bonds
from converter_service.media.transcoder import MediaError, MediaInfo, Output, Progress, TranscoderUnavailable
from shared.logs import get_logger


class FFmpegTranscoder:
    """Implements `Transcoder`. Every program sees the directory of the file it is given and nothing else."""

    def __init__(self, tools: Tools, rules: Rules) -> None:
        self._tools = tools
        self._rules = rules
        self._programs = Programs(rules, (tools.ffmpeg, tools.ffprobe))
        self._log = get_logger(__name__)

    async def check(self, scratch: Path) -> None:
        """Once, at start: say which bonds this machine does not offer, and refuse a build that lacks
        encoders.
        """
        if missing := [name for name, holds in (await bonds()).items() if not holds]:
            self._log.warning("ffmpeg is contained less well than it could be", missing=missing)
        listing = await self._programs.answer([self._tools.ffmpeg, "-v", "error", "-encoders"], scratch)
        offered = listing.output.decode("utf-8", "replace").split()
        if lacking := [form.encoder for form in FORMATS.values() if form.encoder not in offered]:
            raise TranscoderUnavailable(f"ffmpeg lacks {', '.join(lacking)}: {listing.ended.stderr[-200:]}")

    async def probe(self, source: Path) -> MediaInfo:
        if await asyncio.to_thread(lacks_bytes, source):
            raise cut_off("shorter than its header says")
        async with within(self._rules.probe_timeout):
            answered = await self._probed(source)
        if answered.ended.code != 0:
            raise failure(answered.ended)
        said_webm = await asyncio.to_thread(is_webm, source)
        return media_info(answered.output, answered.ended.stderr, is_webm=said_webm)

    async def _probed(self, source: Path) -> Answered:
        """Without the file's tags and chapters when it has more of them than anybody wants to read."""
        try:
            return await self._programs.answer(commands.probe(self._tools, source), source.parent)
        except MediaError:
            brief = commands.probe(self._tools, source, with_words=False)
            return await self._programs.answer(brief, source.parent)

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        track = chosen_track(info, options)
        if not info.is_estimated and (info.duration_s or 0.0) > self._rules.max_duration_s:
            raise too_long(self._rules)
        job = Job(source=source, info=info, track=track, options=options, target=target)
        laying = Laying(self._tools, self._programs)
        try:
            async with within(self._rules.job_timeout):
                beside = await laying.beside(job)
                checks = Checks(self._tools, self._rules, self._programs)
                return await Making(self._tools, self._rules, self._programs, checks).made(
                    job, beside, on_progress
                )
        except BaseException:
            with contextlib.suppress(OSError):
                _remove(target)
            raise
        finally:
            with contextlib.suppress(OSError):
                laying.clear(job)


def _remove(target: Path) -> None:
    target.unlink(missing_ok=True)


def find_tools(threads: int, ffmpeg: str = "ffmpeg", ffprobe: str = "ffprobe") -> Tools:
    """Raises TranscoderUnavailable, naming what is not installed."""
    found = {name: shutil.which(name) for name in (ffmpeg, ffprobe)}
    if missing := [name for name, path in found.items() if path is None]:
        raise TranscoderUnavailable(f"not installed: {', '.join(missing)}")
    absolute = {name: str(Path(str(path)).absolute()) for name, path in found.items()}
    return Tools(ffmpeg=absolute[ffmpeg], ffprobe=absolute[ffprobe], threads=threads)
