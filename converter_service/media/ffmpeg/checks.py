"""Looks at what was made, and at what it was made of, by running ffmpeg and ffprobe once more."""

import asyncio

from converter_service.media.durations import spoken
from converter_service.media.ffmpeg import commands, verify
from converter_service.media.ffmpeg.commands import Tools
from converter_service.media.ffmpeg.job import Job
from converter_service.media.ffmpeg.loudness import Loudness, measured_in
from converter_service.media.ffmpeg.runner import Programs, Rules
from converter_service.media.ffmpeg.verify import Held, Sound
from converter_service.media.transcoder import Fault, MediaError, TranscoderUnavailable

# All frames of an MP3 are counted, but only its first minute is decoded: the encoder that wrote that wrote
# the rest, and decoding ten minutes would cost 12 % of encoding them. Other formats are decoded to their end.
DECODED_S = 60.0


class Checks:
    def __init__(self, tools: Tools, rules: Rules, programs: Programs) -> None:
        self._tools = tools
        self._rules = rules
        self._programs = programs

    async def sound(self, job: Job, *, is_copy: bool) -> Sound:
        """What is in the target. Raises TranscoderUnavailable when it is not what was to be written,
        MediaError when it is too long. What no encoder of ours has seen is decoded to its end.
        """
        scratch = job.target.parent
        first_s = DECODED_S if job.form.has_counted_frames and not is_copy else None
        counted, decoded = await asyncio.gather(
            self._programs.answer(commands.count(self._tools, job.form, job.target), scratch),
            self._programs.answer(commands.decode(self._tools, job.form, job.target, first_s), scratch),
        )
        for answered in (counted, decoded):
            if answered.ended.code != 0 or answered.ended.stderr:
                raise _broken(answered.ended.stderr[-500:])
        try:
            sound = verify.sound_in(counted.output, decoded.output, job.form, first_s)
        except ValueError as error:
            raise _broken(str(error)) from error
        if sound.seconds > self._rules.max_duration_s:
            raise too_long(self._rules)
        return sound

    async def loudness(self, job: Job) -> Loudness:
        """Of the target. Raises TranscoderUnavailable when it cannot be told."""
        command = commands.measure_result(self._tools, job.form, job.target)
        answered = await self._programs.answer(command, job.target.parent)
        try:
            return measured_in(answered.ended.stderr)
        except ValueError as error:
            raise _broken(str(error)) from error

    async def held(self, job: Job) -> Held:
        """Lists all of the source's packets, which takes as long as reading the file."""
        tally = verify.Tally(job.track.stream, job.info.start_s)
        command = commands.packets(self._tools, job.source)
        async with self._programs.started(command, job.target.parent) as running:
            rest = b""
            async for chunk in running.chunks():
                *whole, rest = (rest + chunk).split(b"\n")
                tally.add(whole)
            tally.add([rest])
            await running.ended()
        return tally.held


def too_long(rules: Rules) -> MediaError:
    longest = spoken(rules.max_duration_s)
    message = f"The audio is longer than {longest}, which is the most that is converted in one piece."
    return MediaError(Fault.TOO_LONG, message)


def _broken(why: str) -> TranscoderUnavailable:
    return TranscoderUnavailable(f"the result is broken: {why}")
