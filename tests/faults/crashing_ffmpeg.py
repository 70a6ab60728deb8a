"""A wrapper of ffmpeg, first on the workers' PATH, that crashes on files with a certain title.

The title is read from the metadata sidecar of the conversion. A sandboxed program can neither send a signal
nor start a process (`converter_service/media/sandbox/seccomp.py`), so the real ffmpeg gets a stack of 8 KiB:
it ends with SIGSEGV, as after a parser's bug.
"""

import os
import shlex
import shutil
from pathlib import Path

TITLE = "poison"
# Where a sandboxed program may read programs (`converter_service/media/sandbox/launcher.py`).
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
    """`folder` is to be the first entry of the workers' PATH."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._real = os.path.realpath(shutil.which("ffmpeg") or "")

    @property
    def is_available(self) -> bool:
        """Whether the real ffmpeg lies where a sandboxed program can execute it."""
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
