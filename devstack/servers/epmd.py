"""Erlang's port mapper daemon on a private port, separate from other Erlang nodes of the machine."""

import shutil
import socket
from collections.abc import Mapping, Sequence

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.process import StopOrder, StopPolicy
from devstack.servers.environment import plain_environment


class Epmd(Daemon):
    """Started before the RabbitMQ node, which would otherwise start one that outlives it."""

    stop_policy = StopPolicy(turn=StopOrder.HELPER)

    def __init__(self, home: Home, port: int, name: str) -> None:
        super().__init__(name, home)
        self.port = port

    def command(self) -> Sequence[str]:
        program = shutil.which("epmd")
        if program is None:
            raise StackError("epmd is missing; it comes with Erlang (Debian: rabbitmq-server)")
        return [program, "-port", str(self.port), "-address", "127.0.0.1"]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
        except OSError:
            return False
        return True
