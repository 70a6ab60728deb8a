"""Allocation of free TCP ports, stored so that a restarted stack keeps its addresses."""

import contextlib
import json
import os
import random
import socket
import tempfile
import time
from collections.abc import Collection
from pathlib import Path

import psutil

from devstack.errors import StackError
from devstack.home import write_private

# Below the ephemeral port ranges: no outgoing connection can occupy a port while its server restarts.
CANDIDATES = range(15_000, 32_000)
# Our services listen with SO_REUSEPORT, so two of them can share a port by mistake. Other stacks on this
# machine therefore skip an allocated port while the allocating process lives, and for this long in any case,
# because that process may end before the stack.
CLAIM_S = 120.0


class Ports:
    """Ports by name; a name keeps its port as long as the file exists."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def __getitem__(self, name: str) -> int:
        if name not in self._known:
            self._assign(name)
        return self._known[name]

    def leave_occupied(self) -> None:
        """Replaces each stored port on which another process listens; call before a start."""
        for name, port in self._known.items():
            if not is_free(port):
                self._assign(name)

    def _assign(self, name: str) -> None:
        self._known[name] = free_port(avoid=self._known.values())
        write_private(self._file, json.dumps(self._known, indent=1))


def free_port(avoid: Collection[int] = ()) -> int:
    claims = Claims(Path(tempfile.gettempdir()) / f"tonegate-ports-{os.getuid()}")
    for port in random.sample(CANDIDATES, 200):
        if port not in avoid and is_free(port) and claims.take(port):
            return port
    raise StackError(f"no free port found between {CANDIDATES.start} and {CANDIDATES.stop}")


class Claims:
    """Allocated ports of all stacks of a user: a file per port in `folder` with the allocator's PID."""

    def __init__(self, folder: Path, lasting_s: float = CLAIM_S) -> None:
        self._folder = folder
        self._lasting_s = lasting_s

    def take(self, port: int) -> bool:
        """Claims a port; returns False if another process holds it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        claim = self._folder / str(port)
        with contextlib.suppress(FileNotFoundError):
            if not self._holds(claim):
                claim.unlink(missing_ok=True)
        try:
            with claim.open("x") as file:
                file.write(str(os.getpid()))
        except FileExistsError:
            return False
        return True

    def _holds(self, claim: Path) -> bool:
        """Returns whether the claim is still valid; raises FileNotFoundError."""
        if time.time() - claim.stat().st_mtime <= self._lasting_s:
            return True
        pid = claim.read_text()
        return pid.isdigit() and psutil.pid_exists(int(pid))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # As servers do: a port whose old connections are in TIME_WAIT can be bound.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise StackError(f"port {port} may be used by root only; choose one above 1023") from None
        except OSError:
            return False
    return True
