"""An ffmpeg that crashes of one kind of file, each time: in front of the real one, by the workers' PATH.

It is found out by its title, which stands in the text that a conversion lays beside its result. What is
contained may neither send a signal nor start a process (`converter_service/media/sandbox/seccomp.py`), so the
real ffmpeg is given a stack too small to stand on: SIGSEGV, as of a parser that ran wild.
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
    case $argument in *.words)
        while IFS= read -r line; do
            case $line in title=TITLE*) ulimit -s 8 ;; esac
        done < "${argument#file:}" ;;
    esac
done
exec REAL "$@"
"""


class CrashingFfmpeg:
    """`folder` becomes the first that workers look into for programs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = os.path.realpath(shutil.which("ffmpeg") or "")

    @property
    def is_available(self) -> bool:
        """False where the real ffmpeg could not be started by another that is contained."""
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
