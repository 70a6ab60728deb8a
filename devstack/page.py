"""`python -m devstack.page` builds the page of `web/` when its sources have changed; with `--check` it checks
the page's types and runs its unit tests.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.home import REPOSITORY
from devstack.node import NODE, NPM

WEB = REPOSITORY / "web"
# The digest of what was built, and of the lock file that was installed; the last thing that is written.
BUILT, INSTALLED = "dist/.sources", "node_modules/.lock"
GENERATED = {"dist", "node_modules"}
INSTALL_WITHIN_S, BUILD_WITHIN_S = 600, 300


def main(*, required: bool) -> None:
    """Unless the page is required, says why there is none: the rest of the system works without it."""
    with exclusive():
        try:
            build()
        except (OSError, subprocess.SubprocessError) as error:
            if required:
                raise
            say(f"The page could not be built, and / answers 503: {error}")


def check() -> None:
    with exclusive():
        install()
        run(NODE, "node_modules/typescript/bin/tsc", "--noEmit", within_s=BUILD_WITHIN_S)
        run(NODE, "node_modules/vitest/vitest.mjs", "run", "--silent", within_s=BUILD_WITHIN_S)


def build() -> None:
    wanted = digest(sources())
    if read(WEB / BUILT) == wanted:
        return
    say("Building the page ...")
    install()
    shutil.rmtree(WEB / "dist", ignore_errors=True)
    run(NODE, "node_modules/vite/bin/vite.js", "build", "--logLevel", "error", within_s=BUILD_WITHIN_S)
    (WEB / BUILT).write_text(wanted)


def install() -> None:
    """Installs the locked packages unless they are there."""
    wanted = digest([WEB / "package-lock.json"])
    if read(WEB / INSTALLED) == wanted:
        return
    run(NODE, NPM, "ci", "--no-audit", "--no-fund", "--loglevel=error", within_s=INSTALL_WITHIN_S)
    (WEB / INSTALLED).write_text(wanted)


def sources() -> list[Path]:
    return sorted(each for each in WEB.rglob("*") if each.is_file() and not is_generated(each))


def is_generated(path: Path) -> bool:
    return path.relative_to(WEB).parts[0] in GENERATED


def digest(files: list[Path]) -> str:
    found = hashlib.sha256()
    for path in files:
        found.update(f"{path.relative_to(WEB)}\0".encode() + path.read_bytes() + b"\0")
    return found.hexdigest()


def read(path: Path) -> str:
    return path.read_text() if path.is_file() else ""


def run(*command: Path | str, within_s: float) -> None:
    # Programs of the packages look for `node` on PATH.
    environment = {**os.environ, "PATH": f"{NODE.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    subprocess.run(command, cwd=WEB, env=environment, check=True, timeout=within_s, stdout=sys.stderr)


@contextmanager
def exclusive() -> Iterator[None]:
    """One build at a time, also of other processes."""
    folder = REPOSITORY / ".devstack"
    folder.mkdir(exist_ok=True)
    with (folder / "page.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    if "--check" in sys.argv[1:]:
        check()
    else:
        main(required="--required" in sys.argv[1:])
