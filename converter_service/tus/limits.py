"""Limits of resumable uploads: sizes, lifetimes, and the lease of a writer."""

from datetime import timedelta

from msgspec import Struct

from converter_service.errors import EmptyUpload
from shared.errors import TooLarge

# How long a writer holds its lease without renewal.
LEASE = timedelta(seconds=5)
# Long enough for the lease of a dead writer to expire, and shorter than the gateway waits for a response.
PATIENCE = LEASE + timedelta(seconds=0.5)
# Bounds the record of an upload to some hundred KiB, however many requests it takes.
MOST_SEGMENTS = 4096
SMALLEST_SEGMENT_BYTES = 1024 * 1024


class ResumableLimits(Struct, frozen=True):
    """`max_bytes` of one video; `ttl` is how long an upload without activity is kept; `patience` how long a
    request waits for another one that writes to the same upload.
    """

    max_bytes: int
    ttl: timedelta
    patience: timedelta = PATIENCE

    def check_length(self, length: int) -> None:
        """Raises EmptyUpload, and TooLarge."""
        if length == 0:
            raise EmptyUpload
        if length > self.max_bytes:
            raise TooLarge(self.beyond)

    @property
    def beyond(self) -> str:
        """Why more bytes are refused."""
        return f"A video may have at most {self.max_bytes} bytes."

    @property
    def small_bytes(self) -> int:
        """A last segment of fewer bytes is written once more, together with what follows it."""
        return max(SMALLEST_SEGMENT_BYTES, self.max_bytes // MOST_SEGMENTS)
