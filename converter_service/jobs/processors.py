"""The processors that this process may use: its affinity, bounded by the limits of its control groups."""

import math
import os
from pathlib import Path

CONTROL_GROUPS = Path("/sys/fs/cgroup")
OWN_GROUP = Path("/proc/self/cgroup")


def usable_processors(groups: Path = CONTROL_GROUPS, own_group: Path = OWN_GROUP) -> int:
    """Returns at least 1. Of a limit of 2.5 processors two are counted.

    Limits are those of control groups version 2 (`cpu.max`), of the process's own group and all above it; in
    a container the outermost visible group is the container's.
    """
    if hasattr(os, "sched_getaffinity"):
        available = float(len(os.sched_getaffinity(0)))
    else:  # macOS
        available = float(os.cpu_count() or 1)
    return max(1, math.floor(min(available, _limit(groups, own_group))))


def _limit(groups: Path, own_group: Path) -> float:
    """Returns the smallest limit, in processors."""
    try:
        lines = own_group.read_text().splitlines()
    except OSError:
        return math.inf
    # Version 2 has one line, `0::/path`; a path outside the container's namespace begins with `/..`.
    path = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), "")
    parts = [part for part in path.split("/") if part not in {"", ".."}]
    return min(_read(groups.joinpath(*parts[:depth], "cpu.max")) for depth in range(len(parts) + 1))


def _read(file: Path) -> float:
    """Returns the quota divided by the period; infinity for `max` and for a file that is missing."""
    try:
        quota, period = file.read_text().split()
        return int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return math.inf
