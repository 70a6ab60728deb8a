"""The transcoder that is ffmpeg: probe, convert, and believe nothing that it says about its own success."""

import asyncio
import contextlib
import shutil
from pathlib import Path

import msgspec

from converter_service.adapters import ffmpeg_commands as commands
from converter_service.adapters import ffmpeg_verify as verify
from converter_service.adapters.contained import bonds
from converter_service.adapters.declared_size import lacks_bytes
from converter_service.adapters.ffmpeg_commands import Tools
from converter_service.adapters.ffmpeg_faults import complaints, cut_off, failure, timed_out
from converter_service.adapters.ffmpeg_job import Job, chosen_track
from converter_service.adapters.ffmpeg_probe import media_info
from converter_service.adapters.ffmpeg_progress import Reports, Stalled
from converter_service.adapters.ffmpeg_run import Programs, Rules, within
from converter_service.adapters.ffmpeg_verify import Held, Sound, Verdict
from converter_service.adapters.webm import is_webm
from converter_service.durations import spoken
from converter_service.formats import FORMATS
from converter_service.options import Options
from converter_service.transcoding import (
    Fault,
    MediaError,
    MediaInfo,
    Output,
    Progress,
    TranscoderUnavailable,
)
from shared.logs import get_logger

# All frames of an MP3 are counted, but only its first minute is decoded: the encoder that wrote that wrote
# the rest, and decoding ten minutes would cost 12 % of encoding them. Other formats are decoded to their end.
DECODED_S = 60.0
REPORT_BYTES = 4096


class Made(msgspec.Struct, frozen=True):
    """What one run of ffmpeg left, verified, and what it complained about on the way."""

    sound: Sound
    complaints: str

    @property
    def seconds(self) -> float:
        return self.sound.seconds


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
            answered = await self._programs.answer(commands.probe(self._tools, source), source.parent)
        if answered.ended.code != 0:
            raise failure(answered.ended)
        said_webm = await asyncio.to_thread(is_webm, source)
        return media_info(answered.output, answered.ended.stderr, is_webm=said_webm)

    async def convert(
        self, source: Path, info: MediaInfo, options: Options, target: Path, on_progress: Progress
    ) -> Output:
        track = chosen_track(info, options)
        if not info.is_estimated and (info.duration_s or 0.0) > self._rules.max_duration_s:
            raise self._too_long()
        job = Job(source=source, info=info, track=track, options=options, target=target)
        try:
            async with within(self._rules.job_timeout):
                sound = await self._all_of_it(job, on_progress)
            return _output(job, sound)
        except BaseException:
            with contextlib.suppress(OSError):
                _remove(target)
            raise

    async def _all_of_it(self, job: Job, on_progress: Progress) -> Sound:
        """What is in the target, after it has been made sure that no more was to be had."""
        reports = Reports(job.likely_s, on_progress)
        made = await self._encode(job, reports, fill_gaps=False)
        if verify.is_unremarkable(made.seconds, job.expected_s):
            return made.sound
        held = await self._held(job)
        complained = bool(made.complaints)
        judged = verify.verdict(made.seconds, job.info, job.track, held, job.window, complained=complained)
        self._refuse(judged, made, job)
        if judged is Verdict.WHOLE:
            return made.sound
        return (await self._encode(job, reports, fill_gaps=True)).sound

    def _refuse(self, judged: Verdict, made: Made, job: Job) -> None:
        if judged is Verdict.CUT_OFF:
            raise cut_off(made.complaints)
        if judged is Verdict.DAMAGED:
            message = "The file is damaged: parts of its audio cannot be read."
            raise MediaError(Fault.UNREADABLE_MEDIA, message, made.complaints)
        if made.seconds <= 0 and job.options.start is not None:
            raise MediaError(Fault.BAD_OPTIONS, "There is no audio after the start that was asked for.")
        if made.seconds <= 0:
            raise MediaError(Fault.NO_AUDIO_TRACK, "The file's audio track is empty.", made.complaints)

    async def _encode(self, job: Job, reports: Reports, *, fill_gaps: bool) -> Made:
        at_most_s = self._rules.max_duration_s + 1.0
        command = commands.convert(
            self._tools,
            job.source,
            job.track,
            job.options,
            job.target,
            at_most_s=at_most_s,
            fill_gaps=fill_gaps,
        )
        file_bytes = self._programs.result_bytes(job.form)
        async with self._programs.started(
            command, job.target.parent, result=job.target, file_bytes=file_bytes
        ) as running:
            try:
                await reports.follow(
                    running.lines(), self._rules.stall_timeout.total_seconds(), job.options.start or 0.0
                )
            except Stalled as error:
                raise timed_out() from error
            ended = await running.ended()
        if ended.code != 0:
            self._log.info("ffmpeg gave up", code=ended.code, stderr=complaints(ended)[-REPORT_BYTES:])
            raise failure(ended)
        sound = await self._verified(job) if reports.made_s > 0 else Sound(0.0)
        if sound.seconds > self._rules.max_duration_s:
            raise self._too_long()
        return Made(sound, complaints(ended))

    async def _verified(self, job: Job) -> Sound:
        """What is in the target. Raises TranscoderUnavailable when it is not what was to be written."""
        scratch, first_s = job.target.parent, DECODED_S if job.form.has_counted_frames else None
        counted, decoded = await asyncio.gather(
            self._programs.answer(commands.count(self._tools, job.form, job.target), scratch),
            self._programs.answer(commands.decode(self._tools, job.form, job.target, first_s), scratch),
        )
        for answered in (counted, decoded):
            if answered.ended.code != 0 or answered.ended.stderr:
                raise TranscoderUnavailable(f"the result is broken: {answered.ended.stderr[-500:]}")
        try:
            return verify.sound_in(counted.output, decoded.output, job.form, first_s)
        except ValueError as error:
            raise TranscoderUnavailable(f"the result is broken: {error}") from error

    async def _held(self, job: Job) -> Held:
        """Lists all of the source's packets, which takes as long as reading the file."""
        tally = verify.Tally(job.track.stream, job.info.start_s)
        async with self._programs.started(
            commands.packets(self._tools, job.source), job.target.parent
        ) as running:
            rest = b""
            async for chunk in running.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                tally.add(whole)
            tally.add([rest])
            await running.ended()
        return tally.held

    def _too_long(self) -> MediaError:
        longest = spoken(self._rules.max_duration_s)
        message = f"The audio is longer than {longest}, which is the most that is converted in one piece."
        return MediaError(Fault.TOO_LONG, message)


def _output(job: Job, sound: Sound) -> Output:
    size = job.target.stat().st_size
    return Output(
        format=job.form.name,
        bitrate_bps=sound.bitrate_bps or round(size * 8 / sound.seconds),
        duration_s=sound.seconds,
        size_bytes=size,
        path=job.target,
    )


def _remove(target: Path) -> None:
    target.unlink(missing_ok=True)


def find_tools(threads: int, ffmpeg: str = "ffmpeg", ffprobe: str = "ffprobe") -> Tools:
    """Raises TranscoderUnavailable, naming what is not installed."""
    found = {name: shutil.which(name) for name in (ffmpeg, ffprobe)}
    if missing := [name for name, path in found.items() if path is None]:
        raise TranscoderUnavailable(f"not installed: {', '.join(missing)}")
    absolute = {name: str(Path(str(path)).absolute()) for name, path in found.items()}
    return Tools(ffmpeg=absolute[ffmpeg], ffprobe=absolute[ffprobe], threads=threads)
