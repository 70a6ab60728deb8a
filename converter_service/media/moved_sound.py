"""Joins sound that goes on as another stream in the middle of a broadcast (MPEG-TS and MPEG-PS)."""

from pathlib import Path

from converter_service.media import program_joints, transport_joints


def join_moved_sound(path: Path) -> bool:
    """Changes the file in place; does nothing to other files. True if a track may go on as one that cannot be
    joined to it.
    """
    # A file of one kind is none of the other.
    return any([program_joints.join_moved_sound(path), transport_joints.join_moved_sound(path)])
