"""A service as it is, with fail points around it: `python -m tests.faults.launch PACKAGE [ROLE]`.

`FAULTS_FOLDER` is where points are armed and the clock is shifted; `FAULTS_BUG` names a fault planted in the
program, to see that the checks find it.
"""

import importlib
import os
import runpy
import sys
from pathlib import Path

from devstack.service import COMMANDS
from tests.faults.clock import Clock
from tests.faults.fail_points import FailPoints

# Brings parts of every service with it: only who has a fault planted in it should hold them.
PLANTED = "tests.faults.planted.catalogue"
ROLES = {tuple(command): role for role, command in COMMANDS.items()}


def main() -> None:
    command = tuple(sys.argv[1:])
    role, folder = ROLES[command], Path(os.environ["FAULTS_FOLDER"])
    Clock(folder).install()
    if bug := os.environ.get("FAULTS_BUG"):
        importlib.import_module(PLANTED).plant(bug)
    FailPoints(folder / role).install(role)
    sys.argv = list(command)
    runpy.run_module(command[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
