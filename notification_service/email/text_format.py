"""Formats sizes, durations, times and file names for readers of emails."""

import math
from datetime import UTC, datetime
from unicodedata import category

UNITS = ("bytes", "kB", "MB", "GB", "TB")
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
# Names of audio formats in running text; others are "<FORMAT> file".
AUDIO = {"mp3": "MP3", "opus": "Opus file"}
ELLIPSIS = "…"
# Unicode categories that are replaced: control and format characters (bidirectional marks), lone surrogates,
# private use, unassigned, line and paragraph separators.
UNPRINTABLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
JOINER = "\u200d"  # a format character that joins emoji; it is kept


def to_single_line(text: str, limit: int) -> str:
    """Returns `text` as one printable line of at most `limit` characters.

    Line breaks, invisible and bidirectional characters become spaces, and runs of spaces become one. A
    longer text loses its middle, so that the extension of a file name is kept.
    """
    shown = "".join(char if char == JOINER or category(char) not in UNPRINTABLE else " " for char in text)
    line = " ".join(shown.split())
    if len(line) <= limit:
        return line
    tail = min(12, limit // 3)
    return f"{line[: limit - tail - 1].rstrip()}{ELLIPSIS}{line[-tail:].lstrip()}"


def format_audio_name(form: str) -> str:
    """Returns the name of an audio format: `MP3`, `Opus file`."""
    return AUDIO.get(form, f"{form.upper()} file")


def format_size(count: int) -> str:
    """Formats a number of bytes with decimal (SI) units: `999 bytes`, `1.5 MB`."""
    amount, unit = float(max(count, 0)), UNITS[0]
    for unit in UNITS:
        if amount < 999.95 or unit == UNITS[-1]:
            break
        amount /= 1000
    return f"{amount:.0f} {unit}" if unit == UNITS[0] else f"{amount:.1f} {unit}"


def format_duration(seconds: float) -> str:
    """Formats seconds as `47 s`, `3 min 20 s` or `1 h 5 min`; `unknown` if negative or not finite."""
    if not math.isfinite(seconds) or seconds < 0:
        return "unknown"
    whole = max(round(seconds), 1)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return _format_units(whole, 60, "min", "s")
    return _format_units(round(whole / 60), 60, "h", "min")


def _format_units(amount: int, factor: int, large: str, small: str) -> str:
    high, low = divmod(amount, factor)
    return f"{high} {large} {low} {small}" if low else f"{high} {large}"


def format_time(time: datetime) -> str:
    """Formats a time as `27 November 2026, 10:00 UTC`, independent of the locale."""
    utc = time.astimezone(UTC)
    return f"{utc.day} {MONTHS[utc.month - 1]} {utc.year}, {utc:%H:%M} UTC"
