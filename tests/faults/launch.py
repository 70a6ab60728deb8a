"""Runs a service with fail points: `python -m tests.faults.launch PACKAGE [ROLE]`.

`FAULTS_FOLDER` is the directory in which points are armed and the clock is shifted; `FAULTS_BUG` names a
planted defect.
"""

import importlib
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

from devstack.service import COMMANDS
from tests.faults.clock import Clock
from tests.faults.fail_points import FailPoints

# Imports parts of every service, so it is imported only by processes with a planted defect.
PLANTED = "tests.faults.planted.catalogue"
ROLES = {tuple(command): role for role, command in COMMANDS.items()}


def main() -> None:
    folder = Path(os.environ["FAULTS_FOLDER"])
    Clock(folder).install()
    run_service(tuple(sys.argv[1:]), folder)


def run_service(command: Sequence[str], folder: Path) -> None:
    """Runs a service in this process, whose clock is installed already, until it ends."""
    role = ROLES[tuple(command)]
    if bug := os.environ.get("FAULTS_BUG"):
        importlib.import_module(PLANTED).plant(bug)
    FailPoints(folder / role).install(role)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
