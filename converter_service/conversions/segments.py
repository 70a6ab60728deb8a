"""A resumable upload's bytes: stretches in blobs of their own, and who writes the next one. Pure."""

from datetime import datetime

from msgspec import Struct

PARTIAL = "partial"


class Segment(Struct, frozen=True):
    """A stretch of the video that is stored for good: `size` bytes, all that its blob has."""

    blob: str
    size: int


class SegmentWriter(Struct, frozen=True):
    """The stretch that a request is writing. `blob` fences: it is new with each, and nobody else's.

    `until` is when it counts as dead unless it has said that it lives. The first `repeats` bytes of the blob
    are those of the last segment, which it takes the place of. `verified` bytes count together or not at all.
    """

    blob: str
    until: datetime
    repeats: int = 0
    verified: bool = False


class Upload(Struct, frozen=True, kw_only=True):
    """How far a video has come. `metadata` and `concat` are header fields, as their client sent them.

    A partial upload is no conversion: it waits to be joined with others. What `joined_into` names then owns
    its blobs.
    """

    length: int
    expires_at: datetime
    metadata: str = ""
    concat: str = ""
    segments: tuple[Segment, ...] = ()
    writing: SegmentWriter | None = None
    joined_into: str | None = None

    @property
    def offset(self) -> int:
        """So many bytes are stored, from the first on."""
        return sum(segment.size for segment in self.segments)

    @property
    def is_complete(self) -> bool:
        return self.offset == self.length

    @property
    def is_partial(self) -> bool:
        return self.concat == PARTIAL

    @property
    def is_final(self) -> bool:
        """Made of partial uploads."""
        return self.concat not in {"", PARTIAL}

    @property
    def blobs(self) -> tuple[str, ...]:
        """Every blob that may hold bytes of this upload and no other."""
        if self.joined_into:
            return ()
        written = (self.writing.blob,) if self.writing else ()
        return (*(segment.blob for segment in self.segments), *written)

    def unfinished_tail(self, small: int) -> Segment | None:
        """The last segment, when it is smaller than `small`: it is written anew with what follows it.

        So each but the last has at least `small` bytes, in however tiny pieces a client sends them.
        """
        return self.segments[-1] if self.segments and self.segments[-1].size < small else None
