"""Recognises formats that hold no audio by the first bytes of an upload. Pure.

The list is short; the worker examines everything else.
"""

LOOK_BYTES = 16

# Signatures from the specifications of the formats. No media container begins with one of them.
NOT_MEDIA: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF87a", "a GIF image"),
    (b"GIF89a", "a GIF image"),
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh9", "a bzip2 archive"),
    (b"\xfd7zXZ\x00", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3\x00", "a database"),
    (b"<!DOCTYPE ", "an HTML page"),
    (b"<!doctype ", "an HTML page"),
    (b"<html", "an HTML page"),
    (b"{\\rtf", "a text document"),
)


def not_media(head: bytes) -> str | None:
    """The name of the format whose signature `head` starts with; None if it may be media."""
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "a WebP image"
    return next((words for signature, words in NOT_MEDIA if head.startswith(signature)), None)
