"""Supervisor process of `make up`: `python -m devstack.supervisor HOME` restarts parts that have died.

Its whole state is on disk (records of processes, saved settings), so it can be restarted at any time.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.daemon import Daemon
from devstack.home import Home
from devstack.process import StopOrder, StopPolicy
from devstack.restart_policy import RestartLoop, log
from devstack.saved_settings import SavedSettings
from devstack.servers.environment import plain_environment
from devstack.stack import Stack

GREETING = "supervising"


class Supervisor(Daemon):
    """Runs with the saved settings and exits once they are deleted."""

    stop_policy = StopPolicy(grace_s=10.0, turn=StopOrder.SUPERVISOR)

    def __init__(self, home: Home) -> None:
        super().__init__("supervisor", home)

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "devstack.supervisor", str(self.home.path)]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        return GREETING in self.process.log_tail()


def main(home: Home) -> None:
    """Supervises the stack until SIGTERM."""
    chosen = SavedSettings(home)
    parts = Stack(home.path, chosen.load()).parts
    loop = RestartLoop(parts)
    signal.signal(signal.SIGTERM, loop.stop)
    log(f"{GREETING} {', '.join(part.name for part in parts)}")
    loop.run(wanted=lambda: chosen.exist)


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])))
