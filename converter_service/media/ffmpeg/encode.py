"""From a job to its verified result: copied where that is enough, measured first where its loudness matters,
encoded, and encoded again where the first time showed that something is missing.
"""

from collections.abc import Mapping

import msgspec

from converter_service.media.ffmpeg import commands, verify
from converter_service.media.ffmpeg.checks import Checks
from converter_service.media.ffmpeg.commands import Beside, Tools
from converter_service.media.ffmpeg.errors import complaints, cut_off, failure, timed_out
from converter_service.media.ffmpeg.filters import Recipe
from converter_service.media.ffmpeg.job import Job
from converter_service.media.ffmpeg.loudness import Loudness, corrected, is_met, measured_in, normalising
from converter_service.media.ffmpeg.progress import Reports, Stalled
from converter_service.media.ffmpeg.runner import Programs, Rules
from converter_service.media.ffmpeg.stream_copy import is_as_asked, may_be_copied
from converter_service.media.ffmpeg.verify import Sound, Verdict
from converter_service.media.sandbox.process import Exit, Running
from converter_service.media.transcoder import Fault, MediaError, Output, Progress, TranscoderUnavailable
from shared.logs import get_logger

REPORT_BYTES = 4096
# A cover counts as a frame of a millisecond.
NOTHING_S = 0.002
Gain = Mapping[str, float | str]


class Made(msgspec.Struct, frozen=True):
    """What one run of ffmpeg left, verified, and what it complained about on the way."""

    sound: Sound
    complaints: str

    @property
    def seconds(self) -> float:
        return self.sound.seconds


class Making:
    def __init__(self, tools: Tools, rules: Rules, programs: Programs, checks: Checks) -> None:
        self._tools = tools
        self._rules = rules
        self._programs = programs
        self._checks = checks
        self._log = get_logger(__name__)

    async def made(self, job: Job, beside: Beside, on_progress: Progress) -> Output:
        reports = Reports(job.likely_s, on_progress)
        if may_be_copied(job) and (copied := await self._copied(job, beside, reports)) is not None:
            return copied
        if job.options.loudness is None:
            return _output(job, beside, await self._whole(job, beside, reports))
        sound = await self._normalised(job, beside, reports, job.options.loudness)
        return _output(job, beside, sound)

    async def _copied(self, job: Job, beside: Beside, reports: Reports) -> Output | None:
        """None when it is not what was asked for, or broken: then an encoder says why, or mends it."""
        reports.begin = reports.end = 0.0
        try:
            made = await self._run(job, beside, reports, Recipe(is_copy=True))
        except (MediaError, TranscoderUnavailable) as fault:
            self._log.info("not copied", reason=str(fault)[-300:])
            return None
        finally:
            reports.end = 1.0
        if made.seconds <= 0 or made.complaints:
            return None
        copied = _output(job, beside, made.sound)
        return copied if is_as_asked(job, made.seconds, copied.bitrate_bps) else None

    async def _normalised(self, job: Job, beside: Beside, reports: Reports, wanted_lufs: float) -> Sound:
        """At the loudness that was asked for, as far as there is something to hear.

        What an encoder takes away shows in the result only: then it is made once more, aiming beside it.
        """
        reports.end = 0.5
        measured = await self._measured(job, beside, reports)
        reports.begin, reports.end = 0.5, 1.0
        if measured is None:
            sound = await self._whole(job, beside, reports)
            self._log.info("nothing to measure the loudness of", seconds=sound.seconds)
            return sound
        sound = await self._whole(job, beside, reports, normalising(measured, wanted_lufs))
        result = await self._checks.loudness(job)
        if not is_met(result, wanted_lufs) and result.is_heard:
            gain = normalising(measured, corrected(wanted_lufs, result))
            sound = await self._whole(job, beside, reports, gain)
            result = await self._checks.loudness(job)
        self._log.info("loudness set", wanted=wanted_lufs, was=measured.integrated_lufs, now=result)
        return sound

    async def _measured(self, job: Job, beside: Beside, reports: Reports) -> Loudness | None:
        """None when nothing is heard. Where ffmpeg gives up, an encoder's run says why: this one is so
        talkative that a stranger's words are among its own.
        """
        command = commands.measure(self._tools, job, Recipe(), at_most_s=self._at_most_s)
        async with self._programs.started(command, job.target.parent) as running:
            ended = await self._followed(running, job, reports)
        if ended.code != 0:
            await self._whole(job, beside, reports)
            raise TranscoderUnavailable(f"the loudness could not be measured: exit {ended.code}")
        try:
            measured = measured_in(ended.stderr)
        except ValueError:
            return None
        return measured if measured.is_heard else None

    async def _whole(self, job: Job, beside: Beside, reports: Reports, gain: Gain | None = None) -> Sound:
        """What is in the target, after it has been made sure that no more was to be had."""
        made = await self._run(job, beside, reports, Recipe(gain=gain))
        if verify.is_unremarkable(made.seconds, job.expected_s):
            return made.sound
        held = await self._checks.held(job)
        complained = bool(made.complaints)
        judged = verify.verdict(made.seconds, job.info, job.track, held, job.window, complained=complained)
        _refuse(judged, made, job)
        if judged is Verdict.WHOLE:
            return made.sound
        return (await self._run(job, beside, reports, Recipe(gain=gain, fill_gaps=True))).sound

    async def _run(self, job: Job, beside: Beside, reports: Reports, recipe: Recipe) -> Made:
        command = commands.convert(self._tools, job, recipe, beside, at_most_s=self._at_most_s)
        file_bytes = self._programs.result_bytes(job.form)
        async with self._programs.started(
            command, job.target.parent, result=job.target, file_bytes=file_bytes
        ) as running:
            ended = await self._followed(running, job, reports)
        if ended.code != 0:
            self._log.info("ffmpeg gave up", code=ended.code, stderr=complaints(ended)[-REPORT_BYTES:])
            raise failure(ended)
        if reports.made_s <= NOTHING_S:
            return Made(Sound(0.0), complaints(ended))
        return Made(await self._checks.sound(job, is_copy=recipe.is_copy), complaints(ended))

    async def _followed(self, running: Running, job: Job, reports: Reports) -> Exit:
        """Raises MediaError when it stands still."""
        stall_s = self._rules.stall_timeout.total_seconds()
        try:
            await reports.follow(running.lines(), stall_s, job.options.start or 0.0)
        except Stalled as error:
            raise timed_out() from error
        return await running.ended()

    @property
    def _at_most_s(self) -> float:
        return self._rules.max_duration_s + 1.0


def _refuse(judged: Verdict, made: Made, job: Job) -> None:
    if judged is Verdict.CUT_OFF:
        raise cut_off(made.complaints)
    if judged is Verdict.DAMAGED:
        message = "The file is damaged: parts of its audio cannot be read."
        raise MediaError(Fault.UNREADABLE_MEDIA, message, made.complaints)
    if made.seconds <= 0 and job.options.start is not None:
        raise MediaError(Fault.BAD_OPTIONS, "There is no audio after the start that was asked for.")
    if made.seconds <= 0:
        raise MediaError(Fault.NO_AUDIO_TRACK, "The file's audio track is empty.", made.complaints)


def _output(job: Job, beside: Beside, sound: Sound) -> Output:
    size = job.target.stat().st_size
    aside = sum(file.stat().st_size for file in (beside.words, beside.cover) if file is not None)
    return Output(
        format=job.form.name,
        bitrate_bps=sound.bitrate_bps or round(max(0, size - aside) * 8 / sound.seconds),
        duration_s=sound.seconds,
        size_bytes=size,
        path=job.target,
    )
