"""Where an upload's video comes from: its body, and what the client says about it."""

from collections.abc import Mapping
from typing import Protocol

from converter_service.errors import EmptyUpload
from converter_service.uploads.body_reader import BodyReader
from converter_service.uploads.sniffing import LOOK_BYTES, not_media
from shared.errors import UnsupportedMediaType


class UploadSource(Protocol):
    """A request that carries a whole video."""

    @property
    def body(self) -> BodyReader: ...

    @property
    def filename(self) -> str | None:
        """As sent. None when there is none, and in a form before `fields` was called."""

    @property
    def announced_size(self) -> int | None:
        """The video's size in bytes, when it was declared and no form is around the video."""

    @property
    def announced_sha256(self) -> str | None:
        """The video's SHA-256 in hex, when it was declared."""

    async def fields(self) -> Mapping[str, str]:
        """The options as sent: those that precede the video, and all of them once the body is read."""


async def refuse_non_media(body: BodyReader) -> None:
    """Reads the first bytes. Raises EmptyUpload, and UnsupportedMediaType for what cannot be media."""
    head = await body.peek(LOOK_BYTES)
    if not head:
        raise EmptyUpload
    refuse_signature(head)


def refuse_signature(head: bytes) -> None:
    """Raises UnsupportedMediaType when the video's first bytes are those of a format that is no media."""
    if found := not_media(head[:LOOK_BYTES]):
        raise UnsupportedMediaType(f"This is {found}, not a video.")
