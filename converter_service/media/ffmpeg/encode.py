"""Makes a verified result in as few passes as possible: a stream copy, or an encoding with optional loudness
normalisation.
"""

from dataclasses import dataclass

from msgspec.structs import replace

from converter_service.media.containers import WITHOUT_CLOCK
from converter_service.media.errors import Fault, MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg import verify
from converter_service.media.ffmpeg.chapters import chapters_within
from converter_service.media.ffmpeg.faults import cut_off, unsupported
from converter_service.media.ffmpeg.filters import Gain, PassOptions
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.job_programs import JobPrograms
from converter_service.media.ffmpeg.losses import lost_s
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
from converter_service.media.transcoder import Output
from shared.logs import get_logger

# A copy's time line may be longer than its sound by a frame of padding at most.
COPIED_GAP_S = 0.05
# Of all silence that the packets' timestamps ask for: more than adding up many of them is wrong by.
MISSING_SILENCE_S = 0.001

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Encoder:
    job: TranscodeJob
    programs: JobPrograms
    reports: ProgressReports

    async def encode(self) -> Output:
        """Writes `job.target`. Raises MediaError or TranscoderUnavailable."""
        if may_be_copied(self.job) and (copied := await self._copy()) is not None:
            return copied
        wanted_lufs = self.job.options.loudness
        return self._output(
            await (self._encode_whole() if wanted_lufs is None else self._normalise(wanted_lufs))
        )

    async def _copy(self) -> Output | None:
        """None if the copy is broken or does not meet the request; then the audio is encoded."""
        self.reports.begin = self.reports.end = 0.0
        try:
            made = await self.programs.encode(PassOptions(is_copy=True))
        except (MediaError, TranscoderUnavailable) as fault:
            log.info("not copied but encoded", copy_error=str(fault)[-300:])
            return None
        finally:
            self.reports.end = 1.0
        has_gaps = self.reports.made_s - made.seconds > COPIED_GAP_S
        if made.seconds <= 0 or made.complaints or has_gaps:
            return None
        copied = self._output(made)
        if not meets_request(self.job, made.seconds, copied.bitrate_bps) or await self._needs_silence():
            return None
        return copied

    async def _needs_silence(self) -> bool:
        """Whether the source's timestamps leave gaps, which a copy would not fill."""
        if self.job.info.container in WITHOUT_CLOCK:
            return False
        extent = await self.programs.source_extent()
        covered_s = self.job.window.overlap_s(extent.audio_start_s, extent.audio_end_s)
        return extent.is_timed and covered_s - extent.audio_s > MISSING_SILENCE_S

    async def _normalise(self, wanted_lufs: float) -> VerifiedAudio:
        """Encodes at the requested loudness; inaudible audio is encoded as it is.

        Loss in the encoder shows only in the result: if that misses the target, a second pass compensates.
        """
        self.reports.end = 0.5
        measured = await self._measure()
        self.reports.begin, self.reports.end = 0.5, 1.0
        if measured is None:
            audio = await self._encode_whole()
            log.info("loudness not normalised: nothing audible", seconds=audio.seconds)
            return audio
        audio = await self._encode_whole(loudnorm_arguments(measured, wanted_lufs))
        result = await self.programs.measure_result()
        if not is_within_tolerance(result, wanted_lufs) and result.is_audible:
            gain = loudnorm_arguments(measured, corrected_target(wanted_lufs, result))
            audio = await self._encode_whole(gain)
            result = await self.programs.measure_result()
        log.info("loudness normalised", wanted=wanted_lufs, was=measured.integrated_lufs, now=result)
        return audio

    async def _measure(self) -> Loudness | None:
        """Measures the source; None if nothing is audible.

        If ffmpeg fails, an encoding pass is run for its error: at this log level, error output is mixed with
        metadata of the source.
        """
        ended = await self.programs.measure_source()
        if ended.code != 0:
            await self._encode_whole()
            raise TranscoderUnavailable(f"the loudness could not be measured: exit {ended.code}")
        try:
            measured = parse_summary(ended.stderr)
        except ValueError:
            return None
        return measured if measured.is_audible else None

    async def _encode_whole(self, gain: Gain | None = None) -> VerifiedAudio:
        """Encodes and checks completeness."""
        job, made = self.job, await self.programs.encode(PassOptions(gain=gain))
        is_expected = verify.has_expected_length(made.sound_s, job.expected_s)
        if is_expected and not made.complaints and not job.info.has_strays:
            return made
        if made.sound_s < 0:
            # ffmpeg ends without an error if the silence does not fit into its memory.
            raise unsupported("The timestamps of the file's audio leap too often and too far.")
        extent = await self.programs.source_extent(is_changing=made.is_uniform)
        if is_expected:
            return replace(made, lost_s=lost_s(made, job, extent))
        complained = bool(made.complaints)
        judged = verify.verdict(made.sound_s, job.info, job.track, extent, job.window, complained=complained)
        _raise_for(judged, made, job)
        if made.is_uniform and job.info.container in WITHOUT_CLOCK:
            # The packets' durations are computed with the first sample rate.
            return replace(made, source_s=made.seconds if job.window.is_whole else None)
        if excess_s := verify.excess_s(made.sound_s, job.expected_s, extent, job.window):
            raise TranscoderUnavailable(f"the result is broken: {excess_s} s more than its source has")
        declared_s = None if job.info.is_estimated else job.info.duration_s
        source_s = max(extent.file_end_s, extent.audio_end_s)
        is_known = declared_s is not None and source_s <= declared_s + verify.tolerance_s(declared_s)
        return replace(made, lost_s=lost_s(made, job, extent), source_s=None if is_known else source_s)

    def _output(self, audio: VerifiedAudio) -> Output:
        size = self.job.target.stat().st_size
        aside = self.job.metadata_path.stat().st_size
        if self.programs.has_cover:
            aside += self.job.cover_path.stat().st_size
        return Output(
            format=self.job.form.name,
            bitrate_bps=audio.bitrate_bps or round(max(0, size - aside) * 8 / audio.seconds),
            duration_s=audio.seconds,
            gaps_s=audio.silence_s + audio.lost_s,
            source_duration_s=audio.source_s,
            sample_rate_hz=audio.sample_rate,
            chapters=tuple(chapters_within(self.job.info, self.job.track, self.job.window)),
            size_bytes=size,
            path=self.job.target,
        )


def _raise_for(judged: Verdict, made: VerifiedAudio, job: TranscodeJob) -> None:
    if judged is Verdict.CUT_OFF:
        raise cut_off(made.complaints)
    if judged is Verdict.DAMAGED:
        message = "The file is damaged: parts of its audio cannot be read."
        raise MediaError(Fault.UNREADABLE_MEDIA, message, made.complaints)
    if made.seconds <= 0 and job.options.start is not None:
        raise MediaError(Fault.BAD_OPTIONS, "There is no audio after the start that was asked for.")
    if made.seconds <= 0:
        raise MediaError(Fault.NO_AUDIO_TRACK, "The file's audio track is empty.", made.complaints)
