"""Titles that owners give to their conversions, and the text that a search looks through."""

import re
import unicodedata

MAX_LENGTH = 200
# Control characters, invisible marks, and the bidirectional overrides: they let "gpj.exe" show as "exe.jpg".
FORBIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)


def clean_title(text: str | None) -> str | None:
    """The title as it is stored, at most MAX_LENGTH characters; None when nothing visible is left."""
    visible = normalized(FORBIDDEN.sub(" ", text or ""))
    return " ".join(visible.split())[:MAX_LENGTH].strip() or None


def search_text(title: str | None, filename: str) -> str:
    """What a search looks through: a searched text never spans both lines."""
    return f"{title or ''}\n{filename}"


def normalized(text: str) -> str:
    """NFC, without blanks around it: the form in which names are stored and searched."""
    return unicodedata.normalize("NFC", text).strip()
