"""Command line of the development stack: `python -m devstack up | down | demo`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from devstack.background import Background
from devstack.demo.run import Demo
from devstack.errors import StackError
from devstack.home import REPOSITORY
from devstack.settings import given_in


def main(verb: str) -> None:
    state = REPOSITORY / ".devstack"
    given = given_in(os.environ)
    match verb:
        case "up":
            Background(state, given).up()
        case "down":
            Background(state, given).down()
        case _:
            Demo(state, given).run(_path("VIDEO"), _path("OUT"))


def _path(variable: str) -> Path | None:
    """Reads a path from the environment: make recipes pass through a shell, which would interpret it."""
    named = os.environ.get(variable)
    return Path(named).expanduser() if named else None


def _stop(signum: int, _frame: FrameType | None) -> NoReturn:
    """Signal handler: raises SystemExit, so that context managers stop what was started."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    parser.add_argument("verb", choices=["up", "down", "demo"])
    chosen = parser.parse_args().verb
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    try:
        main(chosen)
    except StackError as error:
        sys.exit(f"{chosen}: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
