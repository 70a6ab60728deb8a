"""Makes a verified result in as few passes as possible: a stream copy, or an encoding with optional loudness
normalisation, repeated if the first pass lost audio to gaps in the timestamps.
"""

from converter_service.media.ffmpeg import verify
from converter_service.media.ffmpeg.checks import Checks
from converter_service.media.ffmpeg.encoder_pass import EncoderPass, PassResult
from converter_service.media.ffmpeg.errors import cut_off
from converter_service.media.ffmpeg.filters import Gain, PassOptions
from converter_service.media.ffmpeg.job import Sidecars, TranscodeJob
from converter_service.media.ffmpeg.loudness import (
    Loudness,
    corrected_target,
    is_within_tolerance,
    loudnorm_arguments,
    parse_summary,
)
from converter_service.media.ffmpeg.progress import ProgressReports
from converter_service.media.ffmpeg.result import VerifiedAudio
from converter_service.media.ffmpeg.stream_copy import may_be_copied, meets_request
from converter_service.media.ffmpeg.verify import Verdict
from converter_service.media.transcoder import Fault, MediaError, Output, Progress, TranscoderUnavailable
from shared.logs import get_logger


class Encoder:
    def __init__(self, encoder_pass: EncoderPass, checks: Checks) -> None:
        self._pass = encoder_pass
        self._checks = checks
        self._log = get_logger(__name__)

    async def encode(self, job: TranscodeJob, sidecars: Sidecars, on_progress: Progress) -> Output:
        """Writes `job.target`. Raises MediaError or TranscoderUnavailable."""
        reports = ProgressReports(job.likely_s, on_progress)
        if may_be_copied(job) and (copied := await self._copy(job, sidecars, reports)) is not None:
            return copied
        if job.options.loudness is None:
            return _output(job, sidecars, await self._encode_whole(job, sidecars, reports))
        audio = await self._normalise(job, sidecars, reports, job.options.loudness)
        return _output(job, sidecars, audio)

    async def _copy(self, job: TranscodeJob, sidecars: Sidecars, reports: ProgressReports) -> Output | None:
        """None if the copy is broken or does not meet the request; then the audio is encoded."""
        reports.begin = reports.end = 0.0
        try:
            made = await self._pass.encode(job, sidecars, reports, PassOptions(is_copy=True))
        except (MediaError, TranscoderUnavailable) as fault:
            self._log.info("stream copy failed", reason=str(fault)[-300:])
            return None
        finally:
            reports.end = 1.0
        if made.seconds <= 0 or made.complaints:
            return None
        copied = _output(job, sidecars, made.audio)
        return copied if meets_request(job, made.seconds, copied.bitrate_bps) else None

    async def _normalise(
        self, job: TranscodeJob, sidecars: Sidecars, reports: ProgressReports, wanted_lufs: float
    ) -> VerifiedAudio:
        """Encodes at the requested loudness; inaudible audio is encoded as it is.

        Loss in the encoder shows only in the result: if that misses the target, a second pass compensates.
        """
        reports.end = 0.5
        measured = await self._measure(job, sidecars, reports)
        reports.begin, reports.end = 0.5, 1.0
        if measured is None:
            audio = await self._encode_whole(job, sidecars, reports)
            self._log.info("loudness not normalised: nothing audible", seconds=audio.seconds)
            return audio
        audio = await self._encode_whole(job, sidecars, reports, loudnorm_arguments(measured, wanted_lufs))
        result = await self._checks.loudness(job)
        if not is_within_tolerance(result, wanted_lufs) and result.is_audible:
            gain = loudnorm_arguments(measured, corrected_target(wanted_lufs, result))
            audio = await self._encode_whole(job, sidecars, reports, gain)
            result = await self._checks.loudness(job)
        self._log.info("loudness normalised", wanted=wanted_lufs, was=measured.integrated_lufs, now=result)
        return audio

    async def _measure(
        self, job: TranscodeJob, sidecars: Sidecars, reports: ProgressReports
    ) -> Loudness | None:
        """Measures the source; None if nothing is audible.

        If ffmpeg fails, an encoding pass is run for its error: at this log level, error output is mixed with
        metadata of the source.
        """
        ended = await self._pass.measure(job, reports)
        if ended.code != 0:
            await self._encode_whole(job, sidecars, reports)
            raise TranscoderUnavailable(f"the loudness could not be measured: exit {ended.code}")
        try:
            measured = parse_summary(ended.stderr)
        except ValueError:
            return None
        return measured if measured.is_audible else None

    async def _encode_whole(
        self, job: TranscodeJob, sidecars: Sidecars, reports: ProgressReports, gain: Gain | None = None
    ) -> VerifiedAudio:
        """Encodes and checks completeness; repeats with gaps filled if timestamps leave gaps."""
        made = await self._pass.encode(job, sidecars, reports, PassOptions(gain=gain))
        if verify.has_expected_length(made.seconds, job.expected_s):
            return made.audio
        extent = await self._checks.source_extent(job)
        complained = bool(made.complaints)
        judged = verify.verdict(made.seconds, job.info, job.track, extent, job.window, complained=complained)
        _raise_for(judged, made, job)
        if judged is Verdict.WHOLE:
            return made.audio
        filled = await self._pass.encode(job, sidecars, reports, PassOptions(gain=gain, fill_gaps=True))
        return filled.audio


def _raise_for(judged: Verdict, made: PassResult, job: TranscodeJob) -> None:
    if judged is Verdict.CUT_OFF:
        raise cut_off(made.complaints)
    if judged is Verdict.DAMAGED:
        message = "The file is damaged: parts of its audio cannot be read."
        raise MediaError(Fault.UNREADABLE_MEDIA, message, made.complaints)
    if made.seconds <= 0 and job.options.start is not None:
        raise MediaError(Fault.BAD_OPTIONS, "There is no audio after the start that was asked for.")
    if made.seconds <= 0:
        raise MediaError(Fault.NO_AUDIO_TRACK, "The file's audio track is empty.", made.complaints)


def _output(job: TranscodeJob, sidecars: Sidecars, audio: VerifiedAudio) -> Output:
    size = job.target.stat().st_size
    aside = sum(file.stat().st_size for file in (sidecars.metadata, sidecars.cover) if file is not None)
    return Output(
        format=job.form.name,
        bitrate_bps=audio.bitrate_bps or round(max(0, size - aside) * 8 / audio.seconds),
        duration_s=audio.seconds,
        size_bytes=size,
        path=job.target,
    )
