"""The silence that an encoding pass put in, as `Placement.expression` prints it to standard error."""

import re

# The expression prints this and the time when it begins: more seconds than any sound has.
BEGUN = 1e12
# Newer ffmpegs name the printing object first.
PRINTED = re.compile(r"^(?:\[Eval @ [^\]]+\] )?(-?\d+\.\d{6})$", re.MULTILINE)
# ffmpeg prints this for a line that is the same as the one before it.
REPEATED = re.compile(r"\d{12}\.\d{6}\n +Last message repeated", re.ASCII)


def parse_silence(stderr: str, *, is_full: bool) -> float:
    """Seconds of silence; `is_full`: the result lasts to the end of the window, so that silence up to there
    is real.

    The sum starts anew when ffmpeg rebuilds its filters.
    """
    total_s = sum_s = 0.0
    for each in _printed(stderr):
        if each > BEGUN / 2:
            total_s, sum_s = total_s + sum_s, 0.0
        elif each >= 0 or is_full:
            sum_s = abs(each)
    return total_s + sum_s


def was_rebuilt(stderr: str) -> bool:
    """Whether ffmpeg built its filters more than once, as it does where sample rate or channels change."""
    begun = sum(each > BEGUN / 2 for each in _printed(stderr))
    return begun > 1 or REPEATED.search(stderr) is not None


def _printed(stderr: str) -> list[float]:
    return [float(each) for each in PRINTED.findall(stderr)]
