"""Path segments that come from a client."""

from shared.errors import NotFound

SAFE_SEGMENT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
MAX_LENGTH = 64


def require_plain(segment: str) -> str:
    """`segment` unchanged. Raises NotFound when it has other characters than SAFE_SEGMENT, or too many."""
    if not 0 < len(segment) <= MAX_LENGTH or not SAFE_SEGMENT.issuperset(segment):
        raise NotFound
    return segment
