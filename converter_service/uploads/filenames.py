"""File names as clients send them: kept as a label, bounded, never a path. Pure."""

import re
import unicodedata
from urllib.parse import quote, unquote_to_bytes

MAX_BYTES = 255
FALLBACK = "upload"
# Also the bidirectional overrides: they let "gpj.exe" show as "exe.jpg".
FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
EXTENDED = re.compile(r"(?P<charset>[A-Za-z0-9!#$%&+^_`{}~-]+)'[A-Za-z0-9-]*'(?P<value>.*)", re.DOTALL)


def safe_name(name: str | None) -> str:
    """The last part of whatever path was sent, without control characters, at most 255 bytes of UTF-8.

    Long names lose their middle, not their extension. What nothing is left of becomes "upload".
    """
    last = re.split(r"[/\\]", name or "")[-1]
    clean = unicodedata.normalize("NFC", FORBIDDEN.sub("", last)).strip().strip(".") or FALLBACK
    stem, extension = split_extension(clean)
    room = MAX_BYTES - len(extension.encode())
    return stem.encode()[:room].decode(errors="ignore") + extension


def split_extension(name: str) -> tuple[str, str]:
    """`talk.final.mp4` → (`talk.final`, `.mp4`); an odd or long ending is part of the stem."""
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


def content_disposition(source_name: str, extension: str) -> str:
    """`attachment` with the source's stem (RFC 6266, RFC 8187): an ASCII name, and the true one beside it."""
    stem, _ = split_extension(safe_name(source_name))
    name = f"{stem}.{extension}"
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", name)
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
