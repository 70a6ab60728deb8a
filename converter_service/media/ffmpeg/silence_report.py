"""The silence that an encoding pass put in, as `Placement.expression` prints it to standard error."""

import re
from itertools import pairwise

# Newer ffmpegs name the printing object first.
PRINTED = re.compile(r"^(?:\[Eval @ [^\]]+\] )?(-?\d+\.\d{6})$", re.MULTILINE)


def parse_silence(stderr: str, *, is_full: bool) -> float:
    """Seconds of silence; `is_full`: the result lasts to the end of the window, so that silence up to there
    is real.

    The sum starts anew when ffmpeg rebuilds its filters, as for another sample rate.
    """
    printed = [float(each) for each in PRINTED.findall(stderr)]
    sums = [abs(each) for each in printed if each >= 0 or is_full]
    ended = sum(before for before, after in pairwise(sums) if after < before)
    return ended + (sums[-1] if sums else 0.0)
