"""File names as clients send them: sanitized, bounded, and written to Content-Disposition. Pure."""

import re
import unicodedata
from urllib.parse import quote

from converter_service.conversions.title import FORBIDDEN

MAX_BYTES = 255
FALLBACK = "upload"
OUTER = re.compile(r"^[\s.]+|[\s.]+$")
_MEDIA = (
    "3g2 3gp aa aac aax ac3 aif aifc aiff amr ape asf au avi caf dff divx dsf dts dv eac3 f4a f4v flac flv "
    "gxf m1a m2a m2t m2ts m2v m4a m4b m4p m4r m4v mka mkv mlp mod mov mp1 mp2 mp3 mp4 mpa mpc mpe mpeg mpg "
    "mts mxf nut oga ogg ogm ogv oma opus qcp qt ra ram rm rmvb shn snd spx tak thd tod trp ts tta vob voc "
    "w64 wav wave weba webm wma wmv wtv wv"
)
MEDIA_EXTENSIONS = frozenset(_MEDIA.split())


def safe_name(name: str | None) -> str:
    """The last component of a path, without control characters, in at most 255 bytes of UTF-8.

    A long name is cut before its extension. Returns "upload" when nothing is left.
    """
    last = re.split(r"[/\\]", name or "")[-1]
    clean = OUTER.sub("", unicodedata.normalize("NFC", FORBIDDEN.sub("", last)))
    stem, extension = split_extension(clean)
    return _fitting(stem, extension) or FALLBACK


def split_extension(name: str) -> tuple[str, str]:
    """`talk.final.mp4` → (`talk.final`, `.mp4`); an extension has 1 to 12 letters and digits."""
    stem, dot, extension = name.rpartition(".")
    if stem and re.fullmatch(r"[A-Za-z0-9]{1,12}", extension):
        return stem, dot + extension
    return name, ""


def audio_name(source_name: str, extension: str) -> str:
    """The source's name with `extension` in place of a media extension."""
    source = safe_name(source_name)
    stem, last = split_extension(source)
    return _fitting(stem if last[1:].lower() in MEDIA_EXTENSIONS else source, f".{extension}")


def content_disposition(source_name: str, extension: str) -> str:
    """`attachment` named after the source, with `extension` in place of a media extension: in ASCII, and as
    `filename*` where that differs (RFC 6266, RFC 8187).
    """
    name = audio_name(source_name, extension)
    plain = re.sub(r'[^\x20-\x7e]|["\\%;]', "_", name)
    if plain == name:
        return f'attachment; filename="{name}"'
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _fitting(stem: str, extension: str) -> str:
    """The name in at most 255 bytes of UTF-8: what is too much is cut from the stem."""
    room = MAX_BYTES - len(extension.encode())
    return OUTER.sub("", stem.encode()[:room].decode(errors="ignore") + extension)
