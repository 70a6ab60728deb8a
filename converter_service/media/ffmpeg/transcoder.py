"""The transcoder port implemented with ffmpeg and ffprobe."""

import asyncio
import contextlib
from pathlib import Path

from msgspec.structs import replace

from converter_service.media.errors import TranscoderUnavailable
from converter_service.media.ffmpeg.capabilities import Capabilities, read_capabilities
from converter_service.media.ffmpeg.declared_size import lacks_bytes
from converter_service.media.ffmpeg.decoder_choice import DecoderChoice
from converter_service.media.ffmpeg.empty_edits import open_empty_edits
from converter_service.media.ffmpeg.empty_tracks import EmptyTracks
from converter_service.media.ffmpeg.encode import Encoder
from converter_service.media.ffmpeg.encoder_budget import EncoderBudget
from converter_service.media.ffmpeg.exit_causes import CountExit, ignore_exit
from converter_service.media.ffmpeg.faults import cut_off, protected
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.job_programs import JobPrograms
from converter_service.media.ffmpeg.limits import TranscodingLimits
from converter_service.media.ffmpeg.peaks import Peaks
from converter_service.media.ffmpeg.placeholder_lengths import fill_in_lengths
from converter_service.media.ffmpeg.progress import ProgressReports
from converter_service.media.ffmpeg.runner import ProgramRunner, time_limit
from converter_service.media.ffmpeg.sidecars import SidecarFiles
from converter_service.media.ffmpeg.source_probe import SourceProbe
from converter_service.media.ffmpeg.tag_programs import TagPrograms
from converter_service.media.ffmpeg.tools import Tools
from converter_service.media.ffmpeg.track_choice import choose_track
from converter_service.media.media_info import MediaInfo
from converter_service.media.moved_sound import join_in_thread
from converter_service.media.options import Options
from converter_service.media.protection import find_locks
from converter_service.media.tags.command_lines import find_tag_tools
from converter_service.media.transcoder import Output, Progress
from converter_service.media.waveform import Waveform
from shared.logs import get_logger


class FFmpegTranscoder:
    """Implements `Transcoder`. Every program can read only the directory of the file that it is given."""

    def __init__(
        self,
        tools: Tools,
        limits: TranscodingLimits,
        *,
        keeps_private_tags: bool = False,
        count_exit: CountExit = ignore_exit,
        processors: int = 1,
    ) -> None:
        """`keeps_private_tags`: results have the places and devices that their sources name. `processors`:
        how many encoders may run at once.
        """
        self._tools = tools
        self._budget = EncoderBudget(processors)
        self._keeps_private_tags = keeps_private_tags
        self._limits = limits
        self._programs = ProgramRunner(tools, limits, count_exit)
        self._sidecars = SidecarFiles(self._programs)
        self._tags = TagPrograms(self._programs, find_tag_tools())
        self._decoders = DecoderChoice(self._programs)
        self._capabilities = Capabilities()

    async def check(self, scratch: Path) -> None:
        """Start-up check: logs accepted sources that this ffmpeg cannot read. Raises TranscoderUnavailable if
        it cannot write a format or lacks a filter.
        """
        self._capabilities = await read_capabilities(self._programs, scratch)
        for kind, names in self._capabilities.disabling.items():
            raise TranscoderUnavailable(f"ffmpeg lacks {kind}: {', '.join(names)}")
        if unreadable := self._capabilities.unreadable:
            get_logger(__name__).warning("ffmpeg cannot read all sources", **unreadable)

    async def check_sources(self) -> None:
        """Raises TranscoderUnavailable if `check` found sources that this ffmpeg cannot read."""
        if unreadable := self._capabilities.unreadable:
            raise TranscoderUnavailable(f"ffmpeg cannot read {dict(unreadable)}")

    async def probe(self, source: Path) -> MediaInfo:
        locks = await asyncio.to_thread(find_locks, source)
        if locks.is_whole:
            raise protected()
        cover = source.with_name(f"{source.name}.cover")
        await self._tags.clean(source, cover)
        tag_lists = await self._tags.read(source, cover)
        has_cover = await asyncio.to_thread(cover.exists)
        await asyncio.to_thread(fill_in_lengths, source)
        await asyncio.to_thread(open_empty_edits, source)
        has_strays = await join_in_thread(source)
        if await asyncio.to_thread(lacks_bytes, source):
            raise cut_off("shorter than its header says")
        async with time_limit(self._limits.probe_timeout):
            info = await SourceProbe(self._programs, source, locks).describe()
            info = await EmptyTracks(self._programs, source).marked(info)
        cover_file = cover if has_cover else None
        return replace(info, tag_lists=tag_lists, cover_file=cover_file, has_strays=has_strays)

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        track = choose_track(info, options)
        if not info.is_estimated:
            self._limits.check_duration(info.duration_s or 0.0)
        async with time_limit(self._limits.job_timeout):
            track = await SourceProbe(self._programs, source).locate(track, info)
            job = TranscodeJob(
                source=source,
                info=info,
                track=track,
                options=options,
                target=target,
                keeps_private_tags=self._keeps_private_tags,
                decoder=await self._decoders.decoder_for(track.codec, source.parent),
            )
            return await self._run(job, on_progress)

    async def waveform(self, output: Output) -> Waveform | None:
        return await Peaks(self._programs).waveform(output)

    async def _run(self, job: TranscodeJob, on_progress: Progress) -> Output:
        try:
            has_cover = await self._sidecars.create(job)
            reports = ProgressReports(job.likely_s, on_progress)
            programs = JobPrograms(self._programs, job, reports, has_cover, self._tags, self._budget)
            with self._budget.conversion():
                return await Encoder(job, programs, reports).encode()
        except BaseException:
            with contextlib.suppress(OSError):
                _remove(job.target)
            raise
        finally:
            with contextlib.suppress(OSError):
                self._sidecars.remove(job)


def _remove(target: Path) -> None:
    target.unlink(missing_ok=True)
