"""File names as clients send them: sanitized, bounded, and written to Content-Disposition. Pure."""

import re
import unicodedata
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from urllib.parse import quote, unquote_to_bytes

MAX_BYTES = 255
FALLBACK = "upload"
# Also the bidirectional overrides: they let "gpj.exe" show as "exe.jpg".
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
EXTENDED_NAME = re.compile(r";\s*filename\*\s*=\s*([^;]+)", re.IGNORECASE)
EXTENDED = re.compile(r"(?P<charset>[A-Za-z0-9!#$%&+^_`{}~-]+)'[A-Za-z0-9-]*'(?P<value>.*)", re.DOTALL)


def safe_name(name: str | None) -> str:
    """The last component of a path, without control characters, in at most 255 bytes of UTF-8.

    A long name is cut before its extension. Returns "upload" when nothing is left.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    clean = unicodedata.normalize("NFC", FORBIDDEN.sub("", last)).strip().strip(".") or FALLBACK
    stem, extension = split_extension(clean)
    room = MAX_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore") + extension


def split_extension(name: str) -> tuple[str, str]:
    """`talk.final.mp4` → (`talk.final`, `.mp4`); an extension has 1 to 12 letters and digits."""
    stem, dot, extension = name.rpartition(".")
    if stem and re.fullmatch(r"[A-Za-z0-9]{1,12}", extension):
        return stem, dot + extension
    return name, ""


def decode_extended(value: str) -> str | None:
    """The value of a `filename*` parameter: `UTF-8''na%C3%AFve.mp4` (RFC 8187 §3.2.1), or None."""
    match = EXTENDED.fullmatch(value.strip().strip('"'))
    if match is None or match["charset"].lower() not in {"utf-8", "iso-8859-1"}:
        return None
    try:
        return unquote_to_bytes(match["value"]).decode(match["charset"])
    except UnicodeDecodeError:
        return None


def name_in_disposition(disposition: str, filename: str | None) -> str | None:
    """`filename*` (RFC 8187) of a Content-Disposition, else its `filename`, with encoded words (RFC 2047)
    decoded, which some clients send.
    """
    if extended := EXTENDED_NAME.search(disposition):
        decoded = decode_extended(extended[1])
        if decoded is not None:
            return decoded
    if filename and filename.startswith("=?") and filename.endswith("?="):
        try:
            return str(make_header(decode_header(filename)))
        except (HeaderParseError, UnicodeDecodeError, LookupError):
            return filename
    return filename


def content_disposition(source_name: str, extension: str) -> str:
    """`attachment` named after the source's stem: in ASCII, and as `filename*` where that differs (RFC 6266,
    RFC 8187).
    """
    stem, _ = split_extension(safe_name(source_name))
    name = f"{stem}.{extension}"
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", name)
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
