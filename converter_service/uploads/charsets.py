"""Text whose charset is not UTF-8, or not known. Pure."""

import codecs

from converter_service.media.tags.legacy_text import decode_detected

# Codecs of Python that are no charsets of text on the wire. `undefined` raises an error for every text.
NOT_CHARSETS = frozenset({"idna", "punycode", "undefined", "unicode-escape", "raw-unicode-escape", "utf-7"})


def decode_text(text: bytes, declared: str | None = None) -> str:
    """Decodes UTF-8, else the `declared` charset, else the one that chardet finds likely. Never fails: bytes
    that the charset lacks become U+FFFD.
    """
    try:
        return text.decode()
    except UnicodeDecodeError:
        pass
    decoded = decode_declared(text, declared) if declared else None
    return decode_detected(text) if decoded is None else decoded


def decode_declared(text: bytes, charset: str) -> str | None:
    """None for an unknown charset, and for bytes that are not text in it."""
    try:
        name = codecs.lookup(charset).name.replace("_", "-")
        return None if name in NOT_CHARSETS else text.decode(name)
    except (LookupError, ValueError):
        return None
