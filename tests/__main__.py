"""`python -m tests [--fast] [options of pytest]`: runs all tests; failed ones run again, one at a time.

A test that passes when it runs again is reported as unsteady and does not fail the run.
`--fast` runs unit and contract tests that need no real server, and repeats none.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from converter_service.jobs.processors import usable_processors

# Keeps the order of the folders, so that the quickest files run last. By default pytest-xdist runs files of
# few tests last, however long these take, and other processes would be idle.
ORDER = "--no-loadscope-reorder"
# Each process waits a third of its time for the systems that it starts: one more than there are cores.
PROCESSES = str(min(4, usable_processors() + 1))
MANY = ("--numprocesses", PROCESSES, "--dist", "loadfile", ORDER, "--cache-clear")
FAST = ("--fast", "--numprocesses", "2", "--dist", "loadfile", "tests/unit", "tests/contract")
FAILED_ONES = ("--last-failed", "--last-failed-no-failures", "none", "--numprocesses", "0", "--exitfirst")
# The turns of media cases on generations of ffmpeg depend on which cases there are: all that failed run.
EVERY_CASE = MappingProxyType({"TONEGATE_ALL_CASES": "1"})
# pytest's exit code when tests ran and some failed; every other code but 0 is an error of another kind.
SOME_FAILED = 1
# Part of each test's id; a file that cannot be imported is reported without it and is not run again.
TEST = "::"


def main(options: Sequence[str]) -> int:
    """Returns the exit code of pytest."""
    if "--fast" in options:
        return pytest(*FAST, *(option for option in options if option != "--fast"))
    code = pytest(*MANY, *options)
    failed = failures() if code == SOME_FAILED else []
    if not failed or not all(TEST in each for each in failed):
        return code
    many = "1 test" if len(failed) == 1 else f"{len(failed)} tests"
    say(f"{many} failed. Running what failed again, one at a time:", *failed)
    code = pytest(*options, *FAILED_ONES, environment=EVERY_CASE)
    if code == 0:
        say(f"{many} failed at first and passed when run again: unsteady, to be fixed.", *failed)
    else:
        say(f"Of {many} run again at least one failed again.")
    return code


def pytest(*options: str, environment: Mapping[str, str] = MappingProxyType({})) -> int:
    command = [sys.executable, "-m", "pytest", *options]
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def failures() -> list[str]:
    """Ids of the tests that failed in the last run, from pytest's cache."""
    kept = Path(".pytest_cache/v/cache/lastfailed")
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


def say(*lines: str) -> None:
    print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
