"""`python -m tests [options of pytest]`: all tests; those that fail are tried once more, alone and in turn.

So a test that fails for want of time among many others is told from one that is broken, and both are named.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

# In the order of their folders, so that the quickest come last. Otherwise files of few tests do, however long
# these take, and two processes have nothing left to do.
ORDER = "--no-loadscope-reorder"
MANY = ("--numprocesses", "3", "--dist", "loadfile", ORDER, "--cache-clear")
FAILED_ONES = ("--last-failed", "--last-failed-no-failures", "none", "--numprocesses", "0", "--exitfirst")
# Of pytest: tests ran and some failed. Every other code but 0 says that something else is wrong.
SOME_FAILED = 1
# In the id of a test. A file that cannot be imported fails without it, and would do so again.
TEST = "::"


def main(options: Sequence[str]) -> int:
    code = pytest(*MANY, *options)
    failed = failures() if code == SOME_FAILED else []
    if not failed or not all(TEST in each for each in failed):
        return code
    many = "1 test" if len(failed) == 1 else f"{len(failed)} tests"
    say(f"{many} failed. What failed is tried once more, one at a time:", *failed)
    code = pytest(*options, *FAILED_ONES)
    if code == 0:
        say(f"{many} failed at first and passed when tried again: unsteady, to be mended.", *failed)
    else:
        say(f"Of {many} tried again at least one failed again.")
    return code


def pytest(*options: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *options], check=False).returncode


def failures() -> list[str]:
    """Of the run before, as pytest keeps them."""
    kept = Path(".pytest_cache/v/cache/lastfailed")
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


def say(*lines: str) -> None:
    print("", *lines, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
