"""Command line of the development stack: `python -m devstack up | down | demo | backup | restore`."""

import argparse
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

from devstack.background import Background
from devstack.backups import Backups
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
        case "backup":
            Backups(state, given).create(_path("TO"))
        case "restore":
            Backups(state, given).restore(_required_path("FROM"))
        case _:
            Demo(state, given).run(_path("VIDEO"), _path("OUT"))


def _path(variable: str) -> Path | None:
    """Reads a path from the environment: make recipes pass through a shell, which would interpret it."""
    named = os.environ.get(variable)
    return Path(named).expanduser().absolute() if named else None


def _required_path(variable: str) -> Path:
    path = _path(variable)
    if path is None:
        raise StackError(f"name the backup: make restore {variable}=.devstack/backups/…")
    return path


def _stop(signum: int, _frame: FrameType | None) -> NoReturn:
    """Signal handler: raises SystemExit, so that context managers stop what was started."""
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m devstack", description=__doc__)
    parser.add_argument("verb", choices=["up", "down", "demo", "backup", "restore"])
    chosen = parser.parse_args().verb
    for signum in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(signum, _stop)
    try:
        main(chosen)
    except StackError as error:
        sys.exit(f"{chosen}: {error}")
    except KeyboardInterrupt:
        sys.exit(128 + signal.SIGINT)
