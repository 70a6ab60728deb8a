"""A video on its way in: what its sender says of it, and the first looks at it."""

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

from converter_service.errors import EmptyUpload
from converter_service.media.options import BadOptions, Options, parse
from converter_service.uploads.sniffing import LOOK_BYTES, not_media
from shared.errors import FieldError, InvalidRequest, TooLarge, UnsupportedMediaType


class Incoming(Protocol):
    """A video on its way in."""

    @property
    def filename(self) -> str | None: ...

    def chunks(self) -> AsyncIterator[bytes]:
        """The video's bytes, once. Raises when the body breaks off or makes no sense."""

    @property
    def announced_size(self) -> int | None:
        """How many bytes the video has, where the sender said so and no form is around it."""

    @property
    def announced_sha256(self) -> str | None:
        """In hex, where the sender said so."""

    async def fields(self) -> Mapping[str, str]:
        """The options as sent. Before `chunks` is exhausted those known so far, afterwards all."""


def checked(fields: Mapping[str, str]) -> Options:
    """Raises InvalidRequest that names each field at fault."""
    try:
        return parse(fields)
    except BadOptions as bad:
        errors = [FieldError(problem.field, problem.message) for problem in bad.problems]
        raise InvalidRequest("The options cannot be met.", errors=errors) from None


async def limited(chunks: AsyncIterator[bytes], max_bytes: int) -> AsyncIterator[bytes]:
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise TooLarge(f"A video may have at most {max_bytes} bytes.")
        yield chunk


async def head(chunks: AsyncIterator[bytes]) -> bytes:
    """The first bytes, enough to refuse what is certainly no media."""
    head = b""
    async for chunk in chunks:
        head += chunk
        if len(head) >= LOOK_BYTES:
            break
    if not head:
        raise EmptyUpload
    if found := not_media(head[:LOOK_BYTES]):
        raise UnsupportedMediaType(f"This is {found}, not a video.")
    return head


async def chained(head: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield head
    async for chunk in rest:
        yield chunk
