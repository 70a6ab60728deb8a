"""`python -m tests`: failed tests run again, and those that pass then are reported as unsteady."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.home import REPOSITORY

# One worker process, and no plugin but pytest-xdist, which provides it.
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
    """Runs `python -m tests` in a project that consists of these files."""
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


def test_an_unsteady_test_is_reported_without_failing_the_run(tmp_path: Path) -> None:
    done = ran(tmp_path, steady=STEADY, unsteady=UNSTEADY)
    assert done.returncode == 0, done.stdout
    assert "1 test failed at first and passed when run again: unsteady, to be fixed." in done.stdout
    assert done.stdout.rstrip().endswith("test_unsteady.py::test_unsteady")


def test_a_test_that_fails_twice_fails_the_run(tmp_path: Path) -> None:
    done = ran(tmp_path, broken=BROKEN, unsteady=UNSTEADY)
    assert done.returncode == 1, done.stdout
    assert "2 tests failed. Running what failed again, one at a time:" in done.stdout
    assert "Of 2 tests run again at least one failed again." in done.stdout
    assert "unsteady, to be fixed" not in done.stdout


@pytest.mark.parametrize(
    ("options", "text"), [((), NO_TEST), (("--no-such-option",), STEADY), (("-k", "nothing"), STEADY)]
)
def test_an_error_of_the_runner_is_a_failure_at_once(
    tmp_path: Path, options: tuple[str, ...], text: str
) -> None:
    done = ran(tmp_path, *options, given=text)
    assert done.returncode != 0, done.stdout
    assert "again" not in done.stdout


def test_make_test_runs_it() -> None:
    recipe = (REPOSITORY / "Makefile").read_text().partition("\ntest: bootstrap\n")[2].splitlines()[0]
    assert recipe == "\t@$(PYTHON) -m tests"


def test_make_test_fast_runs_the_fast_selection() -> None:
    recipe = (REPOSITORY / "Makefile").read_text().partition("\ntest-fast: bootstrap\n")[2].splitlines()[0]
    assert recipe == "\t@$(PYTHON) -m tests --fast"


FIXTURES = """
import pytest
from tests.conftest import pytest_addoption, pytest_collection_modifyitems
@pytest.fixture
def idle_servers(): pytest.fail("started")
@pytest.fixture
def database(idle_servers): pass
@pytest.fixture
def memory(): pass
@pytest.fixture(params=["memory", "database"])
def store(request): request.getfixturevalue(request.param)
"""
SUITE = "def test_pure(): pass\ndef test_direct(database): pass\ndef test_contract(store): pass\n"


def test_fast_deselects_what_needs_a_server_also_by_a_parameter(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(FIXTURES)
    (tmp_path / "pyproject.toml").write_text("[tool.pytest.ini_options]\n")
    (tmp_path / "test_suite.py").write_text(SUITE)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--fast", "-v"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert "2 passed, 2 deselected" in done.stdout, done.stdout
    assert "test_contract[memory] PASSED" in done.stdout
