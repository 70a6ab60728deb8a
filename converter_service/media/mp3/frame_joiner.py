"""Joins the frames of blocks that were encoded apart into one stream.

Each encoder has its own idea of how full the reservoir is. Blocks therefore overlap by some frames, and the
seam is the last place from which on all frames of the next block fit.
"""

from collections.abc import Sequence

from converter_service.media.mp3.errors import DoesNotFit
from converter_service.media.mp3.frame_header import StreamShape
from converter_service.media.mp3.frame_reader import Frame
from converter_service.media.mp3.packer import Packed, Packer
from converter_service.media.mp3.slots import ConstantRate, VaryingRate


class FrameJoiner:
    """Takes blocks in order. `kbits` is the constant bit rate; with None it varies."""

    def __init__(self, shape: StreamShape, kbits: int | None, overlap: int) -> None:
        """`overlap`: the frames at the end of each block with which the next one begins."""
        self._packer = Packer(shape, VaryingRate(shape) if kbits is None else ConstantRate(shape, kbits))
        self._overlap = overlap
        self._held: Sequence[Frame] = ()
        self.frames = 0
        """The number of frames that were joined, with those that are held back."""

    def add(self, frames: Sequence[Frame]) -> Packed:
        """Adds a block. Its first frames, as many as are held back, are others for the same sound. Raises
        DoesNotFit if there is no place for the seam.
        """
        self.frames += len(frames) - len(self._held)
        joined = self._joined(frames)
        kept = max(0, len(joined) - self._overlap)
        self._held = joined[kept:]
        return self._packer.pack(joined[:kept], ahead=self._held)

    def finish(self) -> Packed:
        """Returns the frames that are held back."""
        last = self._packer.pack(self._held)
        rest = self._packer.finish()
        self._held = ()
        return Packed(last.data + rest.data, last.sizes + rest.sizes)

    def _joined(self, frames: Sequence[Frame]) -> Sequence[Frame]:
        """Returns the frames before the seam, which are held back, and those behind it."""
        for seam in range(len(self._held), -1, -1):
            joined = [*self._held[:seam], *frames[seam:]]
            if self._packer.fits(joined):
                return joined
        raise DoesNotFit("no place for a seam: the next block needs more space than is left")
