"""Recognises WebM, which ffprobe does not distinguish from other Matroska files."""

import re
from pathlib import Path

# The EBML header (RFC 8794 §8.1, §11.2.4) at the file's start with the DocType "webm".
WEBM = re.compile(rb"\x1a\x45\xdf\xa3.{1,400}?\x42\x82\x84webm", re.DOTALL)


def is_webm(path: Path) -> bool:
    """Distinguishes WebM from other Matroska files, for which ffprobe has one name."""
    with path.open("rb") as file:
        return WEBM.match(file.read(512)) is not None
