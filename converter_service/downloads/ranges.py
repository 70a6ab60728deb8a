"""Which bytes of an audio a GET asks for, and whether it has them already (RFC 9110 §13, §14). Pure."""

import re

from msgspec import Struct

from shared.errors import RangeNotSatisfiable

SINGLE = re.compile(r"bytes\s*=\s*(?P<first>\d*)\s*-\s*(?P<last>\d*)\s*", re.IGNORECASE | re.ASCII)
# No file has so many bytes. Python's int() of very long strings is slow, then refused.
BEYOND = 10**20


class Slice(Struct, frozen=True):
    """Bytes `first` up to, not including, `end`, of `size`. `partial` tells 206 from 200."""

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


def selected(header: str | None, size: int) -> Slice:
    """The slice that a Range header selects.

    No header, another unit, several ranges and malformed ones select everything (RFC 9110 §14.2 allows a
    server to ignore them). Raises RangeNotSatisfiable.
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
    """If-Range compares strongly (RFC 9110 §13.1.5); a date never matches, as no Last-Modified is sent."""
    return if_range is None or if_range.strip() == etag


def is_wanted(if_match: str | None, etag: str) -> bool:
    """If-Match compares strongly (RFC 9110 §13.1.1). False asks for 412: what is there is another audio."""
    if if_match is None:
        return True
    tags = [tag.strip() for tag in if_match.split(",")]
    return "*" in tags or etag in tags


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """If-None-Match compares weakly (RFC 9110 §13.1.2)."""
    if if_none_match is None:
        return False
    tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in tags or etag in tags
