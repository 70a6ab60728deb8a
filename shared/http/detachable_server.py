"""A Granian server that can stop to accept connections while it serves those that it has."""

import os
import socket

from granian.net import SocketSpec  # type: ignore[attr-defined]  # not in __all__
from granian.server.embed import Server


class DetachableServer(Server):
    """Granian ends both at once: what the kernel has accepted for it then, or what it has accepted itself and
    not read from yet, is closed without an answer.
    """

    def _init_shared_socket(self) -> None:
        """Binds the socket here on every platform. Granian accepts from this very descriptor."""
        self._shd = SocketSpec(  # type: ignore[assignment]  # declared as None
            self.bind_addr, self.bind_port, self.backlog
        ).build()

    def detach(self) -> socket.socket | None:
        """Takes the listening socket from the server, which keeps its connections; None if there is none.

        The server's descriptor becomes another listening socket, to which nothing connects.
        """
        if self._shd is None:
            return None
        descriptor = self._shd.get_fd()
        listener = socket.socket(fileno=os.dup(descriptor))
        with socket.create_server(("127.0.0.1", 0), backlog=1) as nothing:
            nothing.setblocking(False)
            os.dup2(nothing.fileno(), descriptor, inheritable=False)
        return listener
