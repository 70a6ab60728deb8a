"""Sizes, durations, moments and file names as a person reads them. Pure."""

import math
import unicodedata
from datetime import UTC, datetime

UNITS = ("bytes", "kB", "MB", "GB", "TB")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# An MP3 is a thing by now; the others are files of some kind.
AUDIO = {"mp3": "MP3", "opus": "Opus file"}
ELLIPSIS = "…"
# Categories that never belong in a line of text: controls, bidirectional and other invisible marks,
# lone surrogates, private use, unassigned, line and paragraph separators.
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
JOINER = "\u200d"  # a format character that emoji are built with, so the one that may stay


def one_line(text: str, limit: int) -> str:
    """`text` as one printable line of at most `limit` characters.

    Whatever could end a header line, hide or turn text round becomes a space; runs of spaces become one;
    what is too long loses its middle, so that the end of a file name (its extension) stays.
    """
    shown = "".join(" " if _unprintable(char) else char for char in text)
    line = " ".join(shown.split())
    if len(line) <= limit:
        return line
    tail = min(12, limit // 3)
    return f"{line[: limit - tail - 1].rstrip()}{ELLIPSIS}{line[-tail:].lstrip()}"


def audio(form: str) -> str:
    """A format as people call a file of it: `MP3`, `Opus file`."""
    return AUDIO.get(form, f"{form.upper()} file")


def _unprintable(char: str) -> bool:
    return char != JOINER and unicodedata.category(char) in UNPRINTABLE


def size(count: int) -> str:
    """Bytes in decimal units (SI): `999 bytes`, `1.5 MB`."""
    amount, unit = float(max(count, 0)), UNITS[0]
    for unit in UNITS:
        if amount < 999.95 or unit == UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == UNITS[0] else f"{amount:.1f} {unit}"


def duration(seconds: float) -> str:
    """Seconds as `47 s`, `3 min 20 s` or `1 h 5 min`."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    whole = max(round(seconds), 1)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _two(whole, 60, "min", "s")
    return _two(round(whole / 60), 60, "h", "min")


def _two(amount: int, each: int, large: str, small: str) -> str:
    high, low = divmod(amount, each)
    return f"{high} {large} {low} {small}" if low else f"{high} {large}"


def moment(when: datetime) -> str:
    """`27 November 2026, 10:00 UTC`: the same for every reader, whatever the machine's locale."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"
