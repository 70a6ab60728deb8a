"""The file name in a part's Content-Disposition (RFC 7578 §4.2), in any charset. Pure."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from urllib.parse import unquote_to_bytes

from multipart import content_disposition_unquote  # type: ignore[import-untyped]

from converter_service.uploads.charsets import decode_declared, decode_text

# The value is quoted, with escapes, or extends to the next semicolon: unquoted names may have spaces.
PARAMETER = re.compile(r';\s*([A-Za-z0-9_*-]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')
EXTENDED = re.compile(r"(?P<charset>[A-Za-z0-9!#$%&+^_`{}~-]+)'[A-Za-z0-9-]*'(?P<value>.*)", re.DOTALL)


def read_filename(disposition: bytes, charset: str | None = None) -> str | None:
    """`filename*` (RFC 8187), else `filename`; encoded words (RFC 2047) are decoded, which some clients send.

    `charset` is the one that the form declares. Returns None when the part has no file name.
    """
    given = {
        name.lower(): value.strip() for name, value in PARAMETER.findall(decode_text(disposition, charset))
    }
    extended = decode_extended(given.get("filename*", ""))
    if extended is not None or "filename" not in given:
        return extended
    return decode_words(content_disposition_unquote(given["filename"], filename=True))


def decode_extended(value: str) -> str | None:
    """Decodes `UTF-8''na%C3%AFve.mp4` (RFC 8187 §3.2.1); None for anything else."""
    match = EXTENDED.fullmatch(value.strip('"'))
    return match and decode_declared(unquote_to_bytes(match["value"]), match["charset"])


def decode_words(name: str) -> str:
    """Decodes a name that consists of encoded words; returns any other name as it is."""
    if not (name.startswith("=?") and name.endswith("?=")):
        return name
    try:
        words = decode_header(name)
    except (HeaderParseError, ValueError):
        return name
    decoded = [word if isinstance(word, str) else _decode_word(word, charset) for word, charset in words]
    return name if None in decoded else "".join(word for word in decoded if word)


def _decode_word(word: bytes, charset: str | None) -> str | None:
    """A charset may have a language behind it: `utf-8*en` (RFC 2231 §5)."""
    return decode_declared(word, (charset or "ascii").partition("*")[0])
