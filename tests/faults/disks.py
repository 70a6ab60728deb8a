"""Small tmpfs for a directory, so that tests can fill it; requires the right to mount."""

import contextlib
import errno
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOUNT_WITHIN_S = 10
PIECE = bytes(256 * 1024)
FILLER = "filler"


class Disk:
    """A mounted tmpfs at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def fill(self) -> bool:
        """Writes until the disk is full; returns False if another error occurred first."""
        try:
            with (self.path / FILLER).open("wb", buffering=0) as filler:
                while filler.write(PIECE):
                    pass
        except OSError as end:
            return end.errno == errno.ENOSPC
        return False

    def grow(self, size_mib: int) -> bool:
        """Gives the disk another size; returns False if that is not permitted."""
        return _run("mount", "-o", f"remount,size={size_mib}m", str(self.path))

    def free(self) -> None:
        (self.path / FILLER).unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, size_mib: int) -> Iterator[Disk | None]:
    """Mounts a tmpfs for the block; yields None if mounting is not permitted."""
    path.mkdir(parents=True, exist_ok=True)
    mode = f"size={size_mib}m,mode=700"
    mounted = _run("mount", "-t", "tmpfs", "-o", mode, "tonegate-faults", str(path))
    try:
        yield Disk(path) if mounted else None
    finally:
        if mounted:
            _run("umount", "--lazy", str(path))


def _run(*command: str) -> bool:
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        done = subprocess.run(command, capture_output=True, timeout=MOUNT_WITHIN_S, check=False)
        return done.returncode == 0
    return False
