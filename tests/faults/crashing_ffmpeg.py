"""Wrapper of ffmpeg that crashes on input with a certain title; first in the PATH of the workers.

The title is found in the metadata file that a conversion writes beside its result. The sandbox allows neither
signals nor child processes, so the wrapper executes the real ffmpeg with a stack that is too small: it ends
by SIGSEGV, as after a parser bug.
"""

import os
import shlex
import shutil
from pathlib import Path

from tests.support.quick_programs import quick_program

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
    """Installs the wrapper in `folder`, the first directory of the workers' PATH.

    The real programs are those of the wheels where they can be linked into `folder`: without shared libraries
    they start in a seventh of the time, and a run starts some ten thousand.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = os.path.realpath(shutil.which("ffmpeg") or "")

    @property
    def is_available(self) -> bool:
        """False if the sandbox would not let the wrapper execute the real ffmpeg."""
        return self._real.startswith((*VISIBLE, str(self._folder)))

    def install(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._link(quick_program("ffprobe"), "ffprobe") and self._link(quick_program("ffmpeg"), "real"):
            self._real = str(self._folder / "real")
        if self.is_available:
            program = self._folder / "ffmpeg"
            program.write_text(SCRIPT.replace("TITLE", TITLE).replace("REAL", shlex.quote(self._real)))
            program.chmod(0o755)

    @property
    def path(self) -> str:
        return os.pathsep.join((str(self._folder), os.environ["PATH"]))

    def _link(self, program: Path | None, name: str) -> bool:
        """Returns False if there is no such program, or if it is on another file system."""
        try:
            if program is not None:
                os.link(program, self._folder / name)
        except OSError:
            return False
        return program is not None
