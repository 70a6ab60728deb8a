"""Joins sound that goes on as another stream in the middle of a broadcast (MPEG-TS and MPEG-PS)."""

import asyncio
from pathlib import Path

from converter_service.media import program_joints, transport_joints
from converter_service.media.scan_budget import ScanBudget, ScanStopped


async def join_in_thread(path: Path) -> bool:
    """`join_moved_sound` in a thread, which ends soon after the task is cancelled."""
    size = (await asyncio.to_thread(path.stat)).st_size
    budget = ScanBudget(size)
    try:
        return await asyncio.to_thread(join_moved_sound, path, budget)
    finally:
        budget.stop()


def join_moved_sound(path: Path, budget: ScanBudget) -> bool:
    """Changes the file in place; does nothing to other files. True if a track may go on as one that is not
    joined to it. Where the budget ends, the rest of the file stays as it is.
    """
    try:
        # A file of one kind is none of the other.
        return any(each.join_moved_sound(path, budget) for each in (program_joints, transport_joints))
    except ScanStopped:
        return True
