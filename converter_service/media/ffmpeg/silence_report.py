"""The silence that an encoding pass put in, as `Placement.expression` prints it to standard error."""

import re
from itertools import pairwise

# Newer ffmpegs name the printing object first.
PRINTED = re.compile(r"^(?:\[Eval @ [^\]]+\] )?(\d+\.\d{6})$", re.MULTILINE)


def parse_silence(stderr: str) -> float:
    """Seconds of silence. The sum starts anew when ffmpeg rebuilds its filters, as for another rate."""
    sums = [float(printed) for printed in PRINTED.findall(stderr)]
    ended = sum(before for before, after in pairwise(sums) if after < before)
    return ended + (sums[-1] if sums else 0.0)
