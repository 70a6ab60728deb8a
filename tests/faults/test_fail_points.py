"""Every fail point names a method that exists."""

import subprocess
import sys
from pathlib import Path

from tests.faults.fail_points import STEPS

INSTALL = """
import pathlib, sys
from tests.faults.fail_points import FailPoints
for role in sys.argv[1:]:
    FailPoints(pathlib.Path()).install(role)
"""


def test_every_fail_point_of_each_role_exists() -> None:
    """Installs the points in a separate process, because wrapping cannot be undone."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", INSTALL, *STEPS],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
