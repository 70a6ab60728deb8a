"""Cursors and limits of paginated lists."""

import base64
import binascii
from typing import Annotated, TypeVar

import msgspec
from litestar.params import QueryParameter

from auth_service.errors import bad_field

T = TypeVar("T")

Limit = Annotated[int, QueryParameter(name="limit", ge=1, le=100)]
Position = Annotated[int, msgspec.Meta(ge=0, lt=2**63 - 1)]
"""The place in a list of numbered rows, in a cursor."""
Cursor = Annotated[str | None, QueryParameter(name="cursor", max_length=200)]


def encode_cursor(place: object) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(place)).rstrip(b"=").decode()


def decode_cursor(text: str, kind: type[T]) -> T:
    """Decodes the text of `encode_cursor`. Raises InvalidRequest."""
    try:
        padded = text.encode("ascii") + b"=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=kind)
    except (binascii.Error, UnicodeError, msgspec.MsgspecError, ValueError):
        raise bad_cursor() from None


def bad_cursor() -> Exception:
    return bad_field("cursor", "is not a cursor of this list")
