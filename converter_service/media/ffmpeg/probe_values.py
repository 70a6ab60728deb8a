"""Numbers and durations in ffprobe's output."""

import math
import re

DURATION_TAG = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)


def parse_number(text: str | bytes) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def parse_duration(text: str) -> float | None:
    """A positive number of seconds; zero and negative values mean that none is declared."""
    number = parse_number(text)
    return number if number is not None and number > 0 else None


def parse_tagged_end(text: str) -> float | None:
    found = DURATION_TAG.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
