"""Orphan reaper, `python -m devstack.orphan_reaper HOME`: stops a stack whose starting process has died.

It reads standard input, a pipe held by the starter. `done` dismisses it; end of file without `done` means
that the starter died, even by SIGKILL, and all processes of the stack are stopped. Unlike PR_SET_PDEATHSIG
this works on macOS too.
"""

import contextlib
import subprocess
import sys
from pathlib import Path

from devstack.home import REPOSITORY, Home
from devstack.process import end_all
from devstack.servers.environment import plain_environment

DONE = b"done\n"


class OrphanReaper:
    """Reaper for the stack of the current process, from `watch` to `dismiss`."""

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
