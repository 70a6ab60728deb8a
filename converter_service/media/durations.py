"""Durations as text."""

UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))


def format_duration(seconds: float) -> str:
    """Returns `5 seconds`, `1 hour 30 minutes` and the like, rounded to whole seconds."""
    left, words = max(1, round(seconds)), []
    for length, unit in UNITS:
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}" if count == 1 else f"{count} {unit}s")
    return " ".join(words)
