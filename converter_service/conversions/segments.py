"""The stored segments of a resumable upload and the lease of its current writer."""

from datetime import datetime

from msgspec import Struct

PARTIAL = "partial"


class Segment(Struct, frozen=True):
    """A contiguous part of the video in a blob of its own: `size` bytes, the whole blob."""

    blob: str
    size: int


class SegmentWriter(Struct, frozen=True):
    """The lease of the request that writes the next segment, until `until`.

    `blob` is new with each writer and serves as the fencing token. The first `repeats` bytes of the blob
    repeat the last segment, which the new one replaces. With `verified` (tus checksum) the segment counts
    only as a whole.
    """

    blob: str
    until: datetime
    repeats: int = 0
    verified: bool = False


class Upload(Struct, frozen=True, kw_only=True):
    """The progress of a resumable upload; `length` in bytes, None until the client knows it: then
    `is_deferred` is true and stays so. `metadata` and `concat` are the header fields Upload-Metadata and
    Upload-Concat as received (tus 1.0.0).

    A partial upload is not converted itself. Once `joined_into` names a final upload, that owns the blobs.
    """

    length: int | None
    expires_at: datetime
    metadata: str = ""
    concat: str = ""
    segments: tuple[Segment, ...] = ()
    writing: SegmentWriter | None = None
    joined_into: str | None = None
    is_deferred: bool = False

    @property
    def offset(self) -> int:
        """Number of stored bytes: Upload-Offset."""
        return sum(segment.size for segment in self.segments)

    @property
    def is_complete(self) -> bool:
        return self.offset == self.length

    @property
    def is_converted_next(self) -> bool:
        """Whether the video is complete: a part is converted with its final upload only."""
        return self.is_complete and not self.is_partial

    @property
    def is_partial(self) -> bool:
        return self.concat == PARTIAL

    @property
    def is_final(self) -> bool:
        """Whether it is a concatenation of partial uploads."""
        return self.concat not in {"", PARTIAL}

    @property
    def blobs(self) -> tuple[str, ...]:
        """All blobs that may hold bytes of this upload and no other."""
        if self.joined_into:
            return ()
        written = (self.writing.blob,) if self.writing else ()
        return (*(segment.blob for segment in self.segments), *written)

    def unfinished_tail(self, small: int) -> Segment | None:
        """The last segment if it has fewer than `small` bytes: the next writer replaces it with a longer one.

        So all segments but the last have at least `small` bytes, however little each request brings.
        """
        return self.segments[-1] if self.segments and self.segments[-1].size < small else None
