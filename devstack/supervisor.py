"""`python -m devstack.supervisor HOME`: starts again what dies while the stack is up.

It goes by the records of processes and by the settings that `up` has left, so it may itself die and be
started anew at any time.
"""

import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.daemon import Daemon
from devstack.home import Home
from devstack.process import Farewell, Turn
from devstack.restart_policy import Keeping, say
from devstack.saved_settings import Chosen
from devstack.servers.environment import plain_environment
from devstack.stack import Stack

GREETING = "looking after"


class Keeper(Daemon):
    """Needs the settings saved in `Chosen`; ends by itself when they are gone."""

    farewell = Farewell(grace_s=10.0, turn=Turn.KEEPER)

    def __init__(self, home: Home) -> None:
        super().__init__("keeper", home)

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", "devstack.supervisor", str(self.home.path)]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def answers(self) -> bool:
        return GREETING in self.process.log_tail()


def main(home: Home) -> None:
    """Until SIGTERM."""
    chosen = Chosen(home)
    parts = Stack(home.path, chosen.load()).parts
    keeping = Keeping(parts)
    signal.signal(signal.SIGTERM, keeping.stop)
    say(f"{GREETING} {', '.join(part.name for part in parts)}")
    keeping.run(wanted=lambda: chosen.exist)


if __name__ == "__main__":
    main(Home(Path(sys.argv[1])))
