"""`make up` and `make down`: the whole system in the background, its data kept between the two."""

from collections.abc import Mapping
from pathlib import Path

from devstack.errors import StackError
from devstack.home import Home, write_private
from devstack.lock import exclusive
from devstack.ports import is_free
from devstack.process import end_all
from devstack.stack import Stack

DEFAULT_PORT = "8000"


class Background:
    """State lives below `state`; whether it is up is asked of the processes, not of a file."""

    def __init__(self, state: Path, given: Mapping[str, str]) -> None:
        self._home = Home.at(state)
        self._address = self._home.path / "address"
        self._given = {"GATEWAY_PORT": DEFAULT_PORT, **given}

    def up(self) -> None:
        """Returns when every part is ready, the address printed."""
        with exclusive(self._home):
            stack = Stack(self._home.path, self._given)
            if all(daemon.alive for daemon in (*stack.servers, *stack.services)):
                print(f"Tonegate is already up: {self._address.read_text()}")
                return
            end_all(self._home)  # what is left of a system that is up in parts only
            self._start(stack)

    def down(self) -> None:
        """Stops everything that `up` has started; says so when there was nothing."""
        with exclusive(self._home):
            ended = end_all(self._home)
            self._address.unlink(missing_ok=True)
            print("Tonegate is down." if ended else "Tonegate was not up.")

    def _start(self, stack: Stack) -> None:
        port = stack.service("gateway").port
        if not is_free(port):
            raise StackError(
                f"port {port} is taken by another program; choose another: make up GATEWAY_PORT=8080"
            )
        stack.ports.leave_occupied()
        stack = Stack(self._home.path, self._given)
        print("Starting PostgreSQL, MongoDB, RabbitMQ, a mail sink and the five services ...", flush=True)
        stack.start()
        write_private(self._address, stack.url)
        stack.leave_running()
        print(f"Tonegate is up: {stack.url}\nmail: {stack.mail.directory}\nlogs: {self._home.path / 'logs'}")
