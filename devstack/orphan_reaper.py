"""`python -m devstack.orphan_reaper HOME`: ends a stack's processes when the one that started them is gone.

It reads its standard input. The starter holds the other end: `done` means all is in order; an end without
it means the starter died, however violently, and whatever it left running is ended here.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

from devstack.home import REPOSITORY, Home
from devstack.process import end_all
from devstack.servers.environment import plain_environment

DONE = b"done\n"


class Undertaker:
    """Watches over this very process, from `watch` to `dismiss`."""

    def __init__(self, home: Home) -> None:
        self._home = home
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "devstack.orphan_reaper", str(self._home.path)],
                cwd=REPOSITORY,
                env=plain_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )

    def dismiss(self) -> None:
        if self._process is not None:
            with contextlib.suppress(BrokenPipeError, subprocess.TimeoutExpired):
                self._process.communicate(DONE, timeout=5)
            self._process = None


if __name__ == "__main__":
    if sys.stdin.buffer.read() != DONE:
        end_all(Home(Path(sys.argv[1])))
