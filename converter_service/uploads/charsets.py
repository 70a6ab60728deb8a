"""Text whose charset is not UTF-8, or not known. Pure."""

import codecs
import re

import chardet

# Japanese, simplified Chinese, Korean, traditional Chinese, Cyrillic twice, Western European.
DETECTED = ("cp932", "gb18030", "cp949", "big5", "windows-1251", "koi8-r", "windows-1252")
WESTERN = "windows-1252"
# Codecs of Python that are no charsets of text on the wire. `undefined` raises an error for every text.
NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})
# Western text read as Cyrillic has words of both alphabets.
MIXED_WORD = re.compile(r"[A-Za-z][\u0400-\u04ff]|[\u0400-\u04ff][A-Za-z]")


def decode_text(text: bytes, declared: str | None = None) -> str:
    """Decodes UTF-8, else the `declared` charset, else the one that chardet finds likely. Never fails: bytes
    that the charset lacks become U+FFFD.
    """
    try:
        return text.decode()
    except UnicodeDecodeError:
        pass
    decoded = decode_declared(text, declared) if declared else None
    return _decode_detected(text) if decoded is None else decoded


def decode_declared(text: bytes, charset: str) -> str | None:
    """None for an unknown charset, and for bytes that are not text in it."""
    try:
        name = codecs.lookup(charset).name.replace("_", "-")
        return None if name in NOT_CHARSETS else text.decode(name)
    except (LookupError, ValueError):
        return None


def _decode_detected(text: bytes) -> str:
    found = chardet.detect(text, include_encodings=DETECTED, no_match_encoding=WESTERN)
    decoded = text.decode(found["encoding"] or WESTERN, errors="replace")
    return text.decode(WESTERN, errors="replace") if MIXED_WORD.search(decoded) else decoded
