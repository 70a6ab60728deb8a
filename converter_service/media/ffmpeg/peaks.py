"""Peaks of a result, from the levels that ffmpeg prints for each pixel."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from converter_service.media.errors import MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg.measure_commands import MAX_LEVEL, MIN_LEVEL, print_levels
from converter_service.media.ffmpeg.runner import ProgramRunner, time_limit
from converter_service.media.formats import FORMATS
from converter_service.media.sandbox.process import TooMuchOutput
from converter_service.media.transcoder import Output
from converter_service.media.waveform import Waveform, samples_per_pixel, to_byte
from shared.logs import get_logger

# Twelve hours of MP3 are decoded in a minute on an idle processor.
TIMEOUT = timedelta(minutes=10)
# Encoders pad a result by some frames, which are pixels more than its duration has.
PADDING_S = 1.0

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Peaks:
    programs: ProgramRunner

    async def waveform(self, output: Output) -> Waveform | None:
        """Decodes a result; None if that fails or takes longer than TIMEOUT."""
        if output.sample_rate_hz <= 0:
            return None
        try:
            async with time_limit(TIMEOUT):
                return await self._decode(output)
        except (MediaError, TranscoderUnavailable, TooMuchOutput, ValueError, OSError) as error:
            log.warning("no waveform was made", reason=str(error)[-300:])
            return None

    async def _decode(self, output: Output) -> Waveform:
        """Raises ValueError unless the result was decoded to its end."""
        pixel = samples_per_pixel(output.duration_s, output.sample_rate_hz)
        most = int((output.duration_s + PADDING_S) * output.sample_rate_hz / pixel) + 1
        form = FORMATS[output.format]
        command = print_levels(self.programs.tools, form, output.path, pixel)
        async with self.programs.start(command, output.path.parent) as running:
            peaks = await read_levels(running.lines(), most)
            ended = await running.wait()
        if ended.code != 0 or not peaks:
            raise ValueError(f"exit {ended.code}: {ended.stderr}")
        return Waveform(output.sample_rate_hz, pixel, bytes(peaks))


async def read_levels(lines: AsyncIterator[bytes], most: int) -> bytearray:
    """The peaks of all pixels. Raises ValueError for more than `most` pixels, and for a pixel without both
    levels. Lets other tasks run now and then, because lines arrive faster than they are read.
    """
    peaks, lowest = bytearray(), None
    async for line in lines:
        name, _, value = line.partition(b"=")
        if name == MIN_LEVEL:
            lowest = to_byte(float(value))
        elif name == MAX_LEVEL:
            if lowest is None or len(peaks) >= 2 * most:
                raise ValueError("levels are missing, or too many")
            peaks += bytes((lowest, to_byte(float(value))))
            lowest = None
            if len(peaks) % 1024 == 0:
                await asyncio.sleep(0)
    return peaks
