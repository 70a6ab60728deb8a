"""What `make test` runs: a test that fails gets a second chance, and everybody sees that it needed one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.home import REPOSITORY

# One process beside the first, and no plugin but the one that has it.
QUICKLY = ("-p", "xdist", "--numprocesses", "1")
STEADY = "def test_steady(): pass\n"
UNSTEADY = """
from pathlib import Path
def test_unsteady():
    seen = Path("seen")
    again = seen.exists()
    seen.touch()
    assert again
"""
BROKEN = "def test_broken(): assert False\n"
NO_TEST = "import nothing_of_that_name\n"


def ran(folder: Path, *options: str, **files: str) -> subprocess.CompletedProcess[str]:
    """A project of these files, tested as this one is."""
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    for name, text in files.items():
        (folder / f"test_{name}.py").write_text(text)
    return subprocess.run(
        [sys.executable, "-m", "tests", *QUICKLY, *options],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_one_that_passes_when_tried_again_fails_nothing_and_is_named(tmp_path: Path) -> None:
    done = ran(tmp_path, steady=STEADY, unsteady=UNSTEADY)
    assert done.returncode == 0, done.stdout
    assert "1 test failed at first and passed when tried again: unsteady, to be mended." in done.stdout
    assert done.stdout.rstrip().endswith("test_unsteady.py::test_unsteady")


def test_one_that_fails_again_fails_the_run(tmp_path: Path) -> None:
    done = ran(tmp_path, broken=BROKEN, unsteady=UNSTEADY)
    assert done.returncode == 1, done.stdout
    assert "2 tests failed. What failed is tried once more, one at a time:" in done.stdout
    assert "Of 2 tests tried again at least one failed again." in done.stdout
    assert "unsteady, to be mended" not in done.stdout


@pytest.mark.parametrize(
    ("options", "text"), [((), NO_TEST), (("--no-such-option",), STEADY), (("-k", "nothing"), STEADY)]
)
def test_what_is_no_failed_test_is_a_failure_at_once(
    tmp_path: Path, options: tuple[str, ...], text: str
) -> None:
    done = ran(tmp_path, *options, given=text)
    assert done.returncode != 0, done.stdout
    assert "tried" not in done.stdout


def test_make_test_runs_it() -> None:
    recipe = (REPOSITORY / "Makefile").read_text().partition("\ntest: bootstrap\n")[2].splitlines()[0]
    assert recipe == "\t@$(PYTHON) -m tests"
