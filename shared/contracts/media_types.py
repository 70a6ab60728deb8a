"""The Content-Types of videos beside video/* and audio/*."""

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
