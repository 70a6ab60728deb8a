"""Request bodies for tests that call the upload services without HTTP."""

from collections.abc import AsyncIterator, Mapping
from datetime import timedelta

from converter_service.uploads.body_reader import BodyReader

NO_LIMIT = 2**62


def body_of(pieces: AsyncIterator[bytes], idle_timeout: timedelta = timedelta(minutes=5)) -> BodyReader:
    """A body that arrives as `pieces` does; an error that `pieces` raises ends it."""

    async def receive() -> Mapping[str, object]:
        piece = await anext(pieces, None)
        return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

    return BodyReader(receive, idle_timeout=idle_timeout, max_bytes=NO_LIMIT)
