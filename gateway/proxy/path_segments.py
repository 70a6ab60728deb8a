"""Parts of a path that a client names."""

from shared.errors import NotFound

SAFE_SEGMENT = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
LONGEST_SEGMENT = 64


def plain(segment: str) -> str:
    """As it is, when it is a plain name: it cannot lead anywhere else. Raises NotFound."""
    if not 0 < len(segment) <= LONGEST_SEGMENT or not SAFE_SEGMENT.issuperset(segment):
        raise NotFound
    return segment
