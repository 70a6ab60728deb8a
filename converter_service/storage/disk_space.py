"""The space of the scratch disk, with what the runs of this worker have reserved and not used yet."""

import shutil
from errno import ENOSPC
from pathlib import Path
from threading import Lock


class DiskSpace:
    """`spare_bytes` stay free for other users of the disk. Methods read the disk, and may run in threads."""

    def __init__(self, spare_bytes: int) -> None:
        self.spare_bytes = spare_bytes
        self._reserved: dict[Path, int] = {}
        self._lock = Lock()

    def capacity(self, folder: Path) -> int:
        """The bytes that a single run could use if nothing else were on the disk."""
        return shutil.disk_usage(folder).total

    def reserve(self, room: Path, needed_bytes: int) -> None:
        """Reserves that much for all files in `room`. Raises OSError (ENOSPC) if less is free."""
        with self._lock:
            free = shutil.disk_usage(room).free - self._reserved_by_others(room)
            if free < needed_bytes - _used(room) + self.spare_bytes:
                spare = f"{self.spare_bytes} to spare"
                raise OSError(ENOSPC, f"{needed_bytes} bytes and {spare} needed, {free} free")
            self._reserved[room] = needed_bytes

    def release(self, room: Path) -> None:
        with self._lock:
            self._reserved.pop(room, None)

    def _reserved_by_others(self, room: Path) -> int:
        """What other rooms have reserved and not used yet."""
        others = (each for each in self._reserved.items() if each[0] != room)
        return sum(max(0, reserved - _used(other)) for other, reserved in others)


def _used(room: Path) -> int:
    return sum(_size(file) for file in room.glob("*"))


def _size(file: Path) -> int:
    """0 for a file that the room's run has just removed."""
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
