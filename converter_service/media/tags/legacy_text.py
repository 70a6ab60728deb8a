"""Finds the charset of text that declares none, for the services and for programs in the sandbox."""

import re

# Japanese, simplified Chinese, Korean, traditional Chinese, Cyrillic twice, Western European.
_FAR_AND_WEST = ("cp932", "gb18030", "cp949", "big5", "windows-1251", "koi8-r", "windows-1252")
# Central European, Turkish and Baltic: Latin letters, half of which are those of Western European.
LATIN = ("windows-1250", "windows-1254", "windows-1257")
# Greek, Hebrew, Arabic and Thai.
DETECTED = (*_FAR_AND_WEST, *LATIN, "windows-1253", "windows-1255", "windows-1256", "cp874")
WESTERN = "windows-1252"
# Western text read as another alphabet's has words of both.
MIXED_WORD = re.compile(
    r"[A-Za-z][\u0370-\u06ff\u0e00-\u0e7f]|[\u0370-\u06ff\u0e00-\u0e7f][A-Za-z]",
)
# What chardet gives for a single letter that several Latin charsets have; a second one decides.
LEAST_CONFIDENCE = 0.03


def decode_detected(text: bytes) -> str:
    """Never fails: bytes that the charset lacks become U+FFFD."""
    return text.decode(detect_charset(text), errors="replace")


def detect_charset(text: bytes) -> str:
    """The charset that is likely for bytes that are not UTF-8; WESTERN if there is no better one."""
    # Imported when needed: programs in the sandbox start often and rarely need it.
    import chardet  # noqa: PLC0415

    found = chardet.detect(text, include_encodings=DETECTED, no_match_encoding=WESTERN)
    charset = (found["encoding"] or WESTERN).lower()
    if charset in LATIN and found["confidence"] < LEAST_CONFIDENCE and _letters(text) < 2:
        return WESTERN
    return WESTERN if MIXED_WORD.search(text.decode(charset, errors="replace")) else charset


def _letters(text: bytes) -> int:
    """How many different bytes are not ASCII."""
    return len({byte for byte in text if byte >= 0x80})
