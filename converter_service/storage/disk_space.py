"""The space of the scratch disk, with what the runs of this worker have reserved and not used yet."""

import shutil
from errno import ENOSPC
from pathlib import Path


class DiskSpace:
    """`spare_bytes` stay free for other users of the disk."""

    def __init__(self, spare_bytes: int) -> None:
        self.spare_bytes = spare_bytes
        self._reserved: dict[Path, int] = {}

    def capacity(self, folder: Path) -> int:
        """The bytes that a single run could use if nothing else were on the disk."""
        return shutil.disk_usage(folder).total

    def reserve(self, room: Path, needed_bytes: int) -> None:
        """Reserves that much for all files in `room`. Raises OSError (ENOSPC) if less is free."""
        others = sum(
            max(0, reserved - _used(other)) for other, reserved in self._reserved.items() if other != room
        )
        free = shutil.disk_usage(room).free - others
        if free < needed_bytes - _used(room) + self.spare_bytes:
            raise OSError(ENOSPC, f"{needed_bytes} bytes and {self.spare_bytes} to spare needed, {free} free")
        self._reserved[room] = needed_bytes

    def release(self, room: Path) -> None:
        self._reserved.pop(room, None)


def _used(room: Path) -> int:
    return sum(file.stat().st_size for file in room.glob("*") if file.is_file())
