"""Free TCP ports, remembered so that a restarted stack keeps its addresses."""

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

# Below the kernels' ephemeral ranges: no outgoing connection can take a port while its server restarts.
CANDIDATES = range(15_000, 32_000)
# Ours share a port without complaint when two of them are told to listen on it (SO_REUSEPORT). So a chosen
# port is left alone by every other stack on this machine as long as the process that chose it lives, also
# while its server is not up yet or was killed; and for so long in any case, as what starts a stack may end
# before it.
SPOKEN_FOR_S = 120.0


class Ports:
    """Ports by name. The same name gives the same port for as long as the file lives."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._known: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}

    def __getitem__(self, name: str) -> int:
        if name not in self._known:
            self._assign(name)
        return self._known[name]

    def leave_occupied(self) -> None:
        """Before a start: a remembered port on which somebody else listens by now is replaced."""
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
    """Who listens where, or is about to: a file in `folder` for each port, with the process that chose it."""

    def __init__(self, folder: Path, lasting_s: float = SPOKEN_FOR_S) -> None:
        self._folder = folder
        self._lasting_s = lasting_s

    def take(self, port: int) -> bool:
        """False while it is somebody else's."""
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
        """Raises FileNotFoundError."""
        if time.time() - claim.stat().st_mtime <= self._lasting_s:
            return True
        said = claim.read_text()
        return said.isdigit() and psutil.pid_exists(int(said))


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        # A server restarts on a port whose old connections still linger in TIME_WAIT.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except PermissionError:
            raise StackError(f"port {port} may be used by root only; choose one above 1023") from None
        except OSError:
            return False
    return True
