"""The one way every server and every service is started, watched and stopped."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from devstack.errors import StackError
from devstack.home import Home
from devstack.process import Farewell, Process
from devstack.wait import wait_until


class Daemon(ABC):
    """A long-running process. All calls block; from asyncio use `asyncio.to_thread(daemon.start)`."""

    ready_within_s: ClassVar[float] = 180.0
    farewell: ClassVar[Farewell] = Farewell()

    def __init__(self, name: str, home: Home) -> None:
        self.name = name
        self.home = home
        self.process = Process(name, home, self.farewell)

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def environment(self) -> Mapping[str, str]: ...

    @abstractmethod
    def answers(self) -> bool:
        """One attempt, in its own protocol, bounded to about a second; False for every way of failing."""

    def prepare(self) -> None:  # noqa: B027 (most have nothing to prepare)
        """Before every start: data directories and configuration files. Safe to repeat."""

    def settle(self) -> None:  # noqa: B027
        """Once it answers for the first time: what can only be set up in a running server. Safe to repeat."""

    def start(self) -> None:
        """Returns when ready for work; a start that fails leaves no process behind."""
        try:
            self.launch()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Starts the process without waiting."""
        if self.alive:
            raise StackError(f"{self.name} is already running")
        self.prepare()
        self.process.spawn(self.command(), self.environment())

    def wait_ready(self) -> None:
        """Returns when ready for work; raises StackError with the end of its log otherwise."""
        try:
            wait_until(self._answers_or_died, self.ready_within_s, f"{self.name} gets ready")
        except StackError as error:
            log = self.process.log_tail()
            raise StackError(f"{error}\n--- the end of {self.name}'s log\n{log}") from None
        self.settle()

    def stop(self) -> None:
        """Graceful for a bounded time, then by force. Nothing it started survives. Safe to repeat."""
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash would; `start` brings it back on the same port with the same data."""
        self.process.kill()

    def pause(self) -> None:
        """Freezes the process: connections stay open, nothing is answered."""
        self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def alive(self) -> bool:
        return self.process.alive

    def _answers_or_died(self) -> bool:
        if not self.alive:
            raise StackError(f"{self.name} ended while it was starting")
        return self.answers()
