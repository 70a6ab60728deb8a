"""Framing: separates the video from what surrounds it in a request body."""

from collections.abc import Iterator


class Framing:
    """Separates the video from what surrounds it in a body, such as the parts of a multipart form; this one
    is for bodies that are the video.
    """

    envelope_limit = 0
    """How many bytes the body may have besides the video's."""
    envelope_bytes = 0
    """How many bytes of the pieces fed so far belong to anything but the video."""
    at_video = True
    """Whether the video's first byte comes next, or has been read."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yields the video's bytes in `piece`; an empty item marks the position of the first one."""
        yield piece

    def close(self) -> None:
        """Called at the end of the body. Raises InvalidRequest when something is missing."""
