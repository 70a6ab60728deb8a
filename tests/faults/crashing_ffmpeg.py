"""Wrapper of ffmpeg that crashes on input with a certain title; first in the PATH of the workers.

The title is found in the metadata file that a conversion writes beside its result. The sandbox allows neither
signals nor child processes, so the wrapper executes the real ffmpeg with a stack that is too small: it ends
by SIGSEGV, as after a parser bug.
"""

import os
import shlex
import shutil
from pathlib import Path

TITLE = "poison"
# Where a contained program may look for others (`converter_service/media/sandbox/launcher.py`).
VISIBLE = ("/usr/", "/bin/", "/nix/store/")
SCRIPT = """#!/bin/sh
for argument; do
    case $argument in *.metadata)
        while IFS= read -r line; do
            case $line in title=TITLE*) ulimit -s 8 ;; esac
        done < "${argument#file:}" ;;
    esac
done
exec REAL "$@"
"""


class CrashingFfmpeg:
    """Installs the wrapper in `folder`, the first directory of the workers' PATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = os.path.realpath(shutil.which("ffmpeg") or "")

    @property
    def is_available(self) -> bool:
        """False if the sandbox would not let the wrapper execute the real ffmpeg."""
        return self._real.startswith(VISIBLE)

    def install(self) -> None:
        if self.is_available:
            self._folder.mkdir(parents=True, exist_ok=True)
            program = self._folder / "ffmpeg"
            program.write_text(SCRIPT.replace("TITLE", TITLE).replace("REAL", shlex.quote(self._real)))
            program.chmod(0o755)

    @property
    def path(self) -> str:
        return os.pathsep.join((str(self._folder), os.environ["PATH"]))
