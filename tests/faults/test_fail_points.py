"""Every fail point names a method that exists."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.fail_points import STEPS

INSTALL = """
import pathlib, sys
from tests.faults.fail_points import FailPoints
FailPoints(pathlib.Path()).install(sys.argv[1])
"""


@pytest.mark.parametrize("role", STEPS)
def test_every_fail_point_of_a_role_exists(role: str) -> None:
    """Installs the points in a separate process, because wrapping cannot be undone."""
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", INSTALL, role],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
