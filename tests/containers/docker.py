"""The Docker command line."""

import os
import subprocess
from collections.abc import Mapping

from devstack.home import REPOSITORY

# Images are built from packages that are downloaded.
BUILD_S = 1800.0
COMMAND_S = 120.0
LAST_CHARACTERS = 8_000


def docker(*arguments: str, variables: Mapping[str, str] | None = None, timeout_s: float = COMMAND_S) -> str:
    """Runs a command at the repository's root; returns its output. Raises AssertionError if it fails."""
    done = subprocess.run(
        ["docker", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **(variables or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, f"docker {' '.join(arguments)}: {done.stdout[-LAST_CHARACTERS:]}"
    return done.stdout
