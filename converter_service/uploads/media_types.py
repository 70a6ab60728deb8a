"""The Content-Types of a request body that may be a video. Its bytes tell what it is. Pure."""

from shared.contracts.media_types import CONTAINERS, UNKNOWN


def is_media_type(kind: str) -> bool:
    """`kind` is in lower case, without parameters. `video/*` itself is accepted, as clients send it."""
    family, _, subtype = kind.partition("/")
    return kind in UNKNOWN or kind in CONTAINERS or (family in {"video", "audio"} and subtype != "")
