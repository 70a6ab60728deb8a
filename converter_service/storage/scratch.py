"""Temporary directories on a local disk for the files of conversion runs."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from errno import EAGAIN
from pathlib import Path
from tempfile import gettempdir

from converter_service.storage.disk_space import DiskSpace
from shared.logs import get_logger

PREFIX = "tonegate-worker-"
NAMES_TRIED = 10
CHUNK_BYTES = 1024 * 1024
# Free space needed beside the video: for the audio and for other users of the disk.
SPARE_BYTES = 256 * 1024 * 1024

log = get_logger(__name__)


class LocalScratch:
    """Each worker locks a file beside its directory; the kernel releases the lock when the process dies."""

    def __init__(self, root: Path | None = None, spare_bytes: int = SPARE_BYTES) -> None:
        self._root = root or Path(gettempdir())
        self.space = DiskSpace(spare_bytes)
        self._home: Path | None = None
        self._lock: int | None = None

    def open(self) -> None:
        """Creates this worker's directory and deletes those of dead workers. Raises OSError."""
        self._root.mkdir(parents=True, exist_ok=True)
        self._remove_dead()
        home, self._lock = self._own()
        home.mkdir(mode=0o700)
        self._home = home

    def close(self) -> None:
        """Deletes the directory and releases the lock."""
        if self._home is not None:
            shutil.rmtree(self._home, ignore_errors=True)
            self._home.with_name(f"{self._home.name}.lock").unlink(missing_ok=True)
        if self._lock is not None:
            os.close(self._lock)
        self._home = self._lock = None

    async def check(self) -> None:
        """Raises OSError when the directory is not writable."""
        await asyncio.to_thread(self._write_probe)

    @asynccontextmanager
    async def room(self, needed_bytes: int) -> AsyncIterator[Path]:
        """A private, empty directory, deleted on exit. Raises OSError (ENOSPC) for too little free space."""
        room = self.home / secrets.token_hex(8)
        room.mkdir(mode=0o700)
        try:
            await self.reserve(room, needed_bytes)
            yield room
        finally:
            self.space.release(room)
            await asyncio.to_thread(shutil.rmtree, room, ignore_errors=True)

    async def reserve(self, room: Path, needed_bytes: int) -> None:
        """Reserves space for all files of a room. Raises OSError (ENOSPC) for too little free space."""
        await asyncio.to_thread(self.space.reserve, room, needed_bytes)

    async def capacity(self) -> int:
        """The bytes that a single run could use on an otherwise empty disk. Raises OSError."""
        return await asyncio.to_thread(self.space.capacity, self.home)

    async def save(self, chunks: AsyncIterator[bytes], path: Path) -> None:
        """Writes in a thread, since a slow disk must not block the renewal of the lease."""
        with await asyncio.to_thread(path.open, "xb") as file:
            async for chunk in chunks:
                await asyncio.to_thread(file.write, chunk)

    async def load(self, path: Path) -> AsyncIterator[bytes]:
        """Reads in a thread, in chunks of 1 MiB."""
        with await asyncio.to_thread(path.open, "rb") as file:
            while piece := await asyncio.to_thread(file.read, CHUNK_BYTES):
                yield piece

    @property
    def home(self) -> Path:
        """This worker's directory. Raises OSError before `open` and after `close`."""
        if self._home is None:
            raise OSError("the scratch directory is not open")
        return self._home

    def _own(self) -> tuple[Path, int]:
        """A new directory path and the descriptor of its lock.

        Between creation and locking of the file, another starting worker may delete it as a dead worker's.
        """
        for _ in range(NAMES_TRIED):
            home = self._root / (PREFIX + secrets.token_hex(8))
            lock_file = home.with_name(f"{home.name}.lock")
            with contextlib.suppress(BlockingIOError):
                lock = _locked(lock_file, os.O_CREAT | os.O_EXCL)
                if _is_at(lock, lock_file):
                    return home, lock
                os.close(lock)
        raise OSError(EAGAIN, "other workers deleted each lock file that was created")

    def _write_probe(self) -> None:
        probe = self.home / f"probe-{secrets.token_hex(4)}"
        probe.write_bytes(b"0")
        probe.unlink()

    def _remove_dead(self) -> None:
        for lock_file in self._root.glob(f"{PREFIX}*.lock"):
            try:
                lock = _locked(lock_file, 0)
            except OSError:
                continue
            shutil.rmtree(lock_file.with_suffix(""), ignore_errors=True)
            lock_file.unlink(missing_ok=True)
            os.close(lock)
            log.info("scratch directory of dead worker deleted", directory=lock_file.stem)


def _is_at(descriptor: int, path: Path) -> bool:
    """Whether the open file is still the file at `path`."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False


def _locked(path: Path, flags: int) -> int:
    """Opens and locks the file. Raises OSError when another process holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
