"""Private Redis or Valkey server, started only by tests of several gateways that share rate limits."""

import shutil
import socket
from collections.abc import Mapping, Sequence

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.servers.environment import plain_environment

PROGRAMS = ("redis-server", "valkey-server")


class Redis(Daemon):
    """Listens on 127.0.0.1 only and keeps everything in memory."""

    def __init__(self, home: Home, port: int, name: str = "redis") -> None:
        super().__init__(name, home)
        self.port = port

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        directory = str(self.home.directory(self.name))
        options = {"port": str(self.port), "bind": "127.0.0.1", "save": "", "dir": directory}
        return [_program(), *(part for name, value in options.items() for part in (f"--{name}", value))]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        try:
            return self._reply("PING") == b"+PONG\r\n"
        except OSError:
            return False

    def clear(self) -> None:
        """Deletes all keys; raises StackError on failure."""
        if self._reply("FLUSHALL") != b"+OK\r\n":
            raise StackError(f"{self.name} could not be cleared")

    def _reply(self, command: str) -> bytes:
        with socket.create_connection(("127.0.0.1", self.port), timeout=1) as connection:
            connection.sendall(f"{command}\r\n".encode())
            return connection.recv(16)


def _program() -> str:
    for name in PROGRAMS:
        if found := shutil.which(name):
            return found
    raise StackError("neither redis-server nor valkey-server is installed")
