"""Signal handling of a run: SIGTERM unwinds the stack, so that mounts and processes are cleaned up."""

import signal
import sys

TERMINATED = 143


def exit_on_sigterm() -> None:
    """Makes SIGTERM raise SystemExit in the main thread."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
