"""Range and conditional header fields of a download (RFC 9110 §13, §14). Pure."""

import re

from msgspec import Struct

from shared.errors import RangeNotSatisfiable

SINGLE = re.compile(r"bytes\s*=\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*", re.IGNORECASE | re.ASCII)
# Larger than any file. Python's int() is slow for very long strings, and raises for still longer ones.
BEYOND = 10**20


class Slice(Struct, frozen=True):
    """Bytes `first` up to, not including, `end`, of `size`. `partial`: the response is a 206, not a 200."""

    first: int
    end: int
    size: int
    partial: bool

    @property
    def length(self) -> int:
        return self.end - self.first

    @property
    def content_range(self) -> str:
        return f"bytes {self.first}-{self.end - 1}/{self.size}"


def select_range(header: str | None, size: int) -> Slice:
    """The slice that a Range header selects; `size` in bytes. Raises RangeNotSatisfiable.

    Without a header, with another unit, several ranges or malformed ones, everything is selected: RFC 9110
    §14.2 lets a server ignore them.
    """
    whole = Slice(0, size, size, partial=False)
    match = SINGLE.fullmatch(header.strip()) if header else None
    if match is None or not (match["first"] or match["last"]):
        return whole
    if not match["first"]:
        first, end = max(0, size - _number(match["last"])), size
    else:
        first, last = _number(match["first"]), _number(match["last"] or str(size))
        if match["last"] and last < first:
            return whole
        end = min(last + 1, size)
    if first >= end:
        raise RangeNotSatisfiable(
            f"The audio has {size} bytes.", headers={"Content-Range": f"bytes */{size}"}
        )
    return Slice(first, end, size, partial=True)


def _number(digits: str) -> int:
    digits = digits.lstrip("0") or "0"
    return int(digits) if len(digits) <= len(str(BEYOND)) else BEYOND


def range_applies(if_range: str | None, etag: str) -> bool:
    """Whether If-Range holds; it compares strongly (RFC 9110 §13.1.5). A date never matches, because no
    Last-Modified is sent.
    """
    return if_range is None or if_range.strip() == etag


def matches(if_match: str | None, etag: str) -> bool:
    """Whether If-Match holds; it compares strongly (RFC 9110 §13.1.1). Otherwise the response is a 412."""
    if if_match is None:
        return True
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag in tags


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the client has this version: If-None-Match compares weakly (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
