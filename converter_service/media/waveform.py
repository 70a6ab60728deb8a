"""The waveform of a result: the lowest and the highest sample of each pixel, as signed bytes.

The numbers are those of audiowaveform's data format 2 with one channel
(https://github.com/bbc/audiowaveform/blob/master/doc/DataFormat.md).
"""

import msgspec

FULL_SCALE = 127
MIN_PIXEL_S, MAX_PIXEL_S = 0.01, 0.1
# As many as a wide window has: long results have more, because a pixel has at most MAX_PIXEL_S.
WANTED_PIXELS = 1_000


class Waveform(msgspec.Struct, frozen=True):
    """`sample_rate` in Hz; `peaks` has two signed bytes a pixel of `samples_per_pixel` samples: minimum, then
    maximum, of the average of all channels.
    """

    sample_rate: int
    samples_per_pixel: int
    peaks: bytes

    @property
    def length(self) -> int:
        """The number of pixels."""
        return len(self.peaks) // 2


def samples_per_pixel(duration_s: float, sample_rate: int) -> int:
    """Short results have finer pixels, so that they fill the width of a window as well."""
    pixel_s = max(MIN_PIXEL_S, min(MAX_PIXEL_S, duration_s / WANTED_PIXELS))
    return max(1, int(pixel_s * sample_rate))


def to_byte(level: float) -> int:
    """The byte of a sample of -1.0 to 1.0; louder ones are clipped, as players do."""
    return round(max(-1.0, min(1.0, level)) * FULL_SCALE) & 0xFF
