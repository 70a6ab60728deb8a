"""Free TCP ports, remembered so that a restarted stack keeps its addresses."""

import json
import random
import socket
from collections.abc import Collection
from pathlib import Path

from devstack.errors import StackError
from devstack.home import write_private

# Below the kernels' ephemeral ranges: no outgoing connection can take a port while its server restarts.
CANDIDATES = range(15_000, 32_000)


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
    for port in random.sample(CANDIDATES, 200):
        if port not in avoid and is_free(port):
            return port
    raise StackError(f"no free port found between {CANDIDATES.start} and {CANDIDATES.stop}")


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
