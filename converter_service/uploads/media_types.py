"""The Content-Types of a request body that may be a video. Its bytes tell what it is. Pure."""

# Clients that know nothing of the file say so in several ways, or say nothing.
UNKNOWN = frozenset(
    {
        "",
        "application/binary",
        "application/force-download",
        "application/octet-stream",
        "application/octetstream",
        "application/x-binary",
        "application/x-download",
        "binary/octet-stream",
    }
)
# Containers that are registered, or commonly named, outside video/* and audio/*.
CONTAINERS = frozenset(
    {
        "application/annodex",
        "application/mp4",
        "application/mxf",
        "application/ogg",
        "application/vnd.apple.mpegts",
        "application/vnd.ms-asf",
        "application/vnd.rn-realmedia",
        "application/vnd.rn-realmedia-vbr",
        "application/x-flac",
        "application/x-flash-video",
        "application/x-matroska",
        "application/x-mp4",
        "application/x-ogg",
        "application/x-troff-msvideo",
    }
)


def is_media_type(kind: str) -> bool:
    """`kind` is in lower case, without parameters. `video/*` itself is accepted, as clients send it."""
    family, _, subtype = kind.partition("/")
    return kind in UNKNOWN or kind in CONTAINERS or (family in {"video", "audio"} and subtype != "")
