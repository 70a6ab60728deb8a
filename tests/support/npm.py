"""Installs locked npm packages for tests, with the Node.js of a wheel."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from devstack.home import REPOSITORY
from devstack.node import NODE, NPM

INSTALL_WITHIN_S = 120


def installed(sources: Path) -> Path:
    """Returns a cached directory with the files of `sources` and the packages of its lock file."""
    files = sorted(sources.iterdir())
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = REPOSITORY / ".devstack" / f"{sources.name.replace('_', '-')}-{mark}"
    if folder.exists():
        return folder
    folder.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    for file in files:
        shutil.copy(file, draft)
    subprocess.run(
        [NODE, NPM, "ci", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=draft,
        check=True,
        timeout=INSTALL_WITHIN_S,
        stdout=subprocess.DEVNULL,
    )
    try:
        draft.rename(folder)
    except OSError:  # another process created it first
        shutil.rmtree(draft)
    return folder
