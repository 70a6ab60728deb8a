"""The part of a source that is converted, on the source's clock."""

import msgspec

from converter_service.media.media_info import AudioTrack
from converter_service.media.options import Options

# Stands for "to the end".
FOREVER_S = 1e9


class Window(msgspec.Struct, frozen=True):
    """The requested time range, in seconds from the source's start."""

    start_s: float
    end_s: float

    @classmethod
    def of(cls, options: Options) -> "Window":
        return cls(options.start or 0.0, FOREVER_S if options.end is None else options.end)

    @property
    def is_whole(self) -> bool:
        return self.start_s <= 0 and self.end_s >= FOREVER_S

    def overlap_s(self, start_s: float, end_s: float) -> float:
        return max(0.0, min(end_s, self.end_s) - max(start_s, self.start_s))

    def origin_s(self, track: AudioTrack) -> float:
        """The source time at which the result begins: no silence is put before a track that starts late."""
        return max(self.start_s, track.start_s, 0.0)
