"""Base class of every server and service: start, readiness check, pause, stop."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from devstack.errors import StackError
from devstack.home import Home
from devstack.process import Process, StopPolicy
from devstack.wait import wait_until


class Daemon(ABC):
    """A long-running process. All calls block; from asyncio use `asyncio.to_thread(daemon.start)`."""

    ready_within_s: ClassVar[float] = 180.0
    stop_policy: ClassVar[StopPolicy] = StopPolicy()

    def __init__(self, name: str, home: Home) -> None:
        self.name = name
        self.home = home
        self.process = Process(name, home, self.stop_policy)

    @abstractmethod
    def command(self) -> Sequence[str]: ...

    @abstractmethod
    def environment(self) -> Mapping[str, str]: ...

    @abstractmethod
    def is_ready(self) -> bool:
        """Readiness check in the daemon's own protocol: one attempt of about a second, False on failure."""

    def prepare(self) -> None:  # noqa: B027 (most have nothing to prepare)
        """Creates data directories and configuration files; called before every start, idempotent."""

    def initialize(self) -> None:  # noqa: B027
        """Sets up what needs a running server, such as databases; called after every start, idempotent."""

    def start(self) -> None:
        """Launches the process and waits until it is ready; stops it again if that fails."""
        try:
            self.launch()
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def launch(self) -> None:
        """Starts the process without waiting for readiness; raises StackError if it runs already."""
        if self.alive:
            raise StackError(f"{self.name} is already running")
        self.prepare()
        self.process.spawn(self.command(), self.environment())

    def wait_ready(self) -> None:
        """Waits for `is_ready`, then initializes; raises StackError with the end of the log on timeout."""
        try:
            wait_until(self._ready_or_ended, self.ready_within_s, f"{self.name} gets ready")
        except StackError as error:
            log = self.process.log_tail()
            raise StackError(f"{error}\n--- the end of {self.name}'s log\n{log}") from None
        self.initialize()

    def stop(self) -> None:
        """Stops the process and its descendants, by SIGKILL after the grace period. Idempotent."""
        self.process.stop()

    def kill(self) -> None:
        """Simulates a crash by SIGKILL; `start` restarts it on the same port with the same data."""
        self.process.kill()

    def pause(self) -> None:
        """Sends SIGSTOP: connections stay open, requests get no response."""
        self.process.send(signal.SIGSTOP)

    def resume(self) -> None:
        self.process.send(signal.SIGCONT)

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def alive(self) -> bool:
        return self.process.alive

    def _ready_or_ended(self) -> bool:
        if not self.alive:
            raise StackError(f"{self.name} ended while it was starting")
        return self.is_ready()
