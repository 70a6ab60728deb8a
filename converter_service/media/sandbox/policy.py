"""The sandbox policy that a program runs under, and the launcher's command line that applies it."""

import marshal
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from converter_service.media.sandbox.seccomp import seccomp_filter

LAUNCHER = Path(__file__).resolve().with_name("launcher.py")
# Added to the worker's: its lease renewals, and other services on the machine, go first.
NICENESS = 5
# The worker's own environment, which holds secrets, is not passed on.
ENVIRONMENT = {"LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1", "PATH": "/usr/bin:/bin"}


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Resource limits of one program. `file_bytes` bounds each file that it writes."""

    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 64


def launch_command(
    command: Sequence[str],
    limits: Limits | None = None,
    *,
    readable: Sequence[Path] = (),
    writable: Sequence[Path] = (),
) -> list[str]:
    """Returns the command line that runs `command` in the sandbox, as a child of this process."""
    # On a 64-bit kernel a 32-bit program uses other call numbers, so that the filter would not fit.
    machine = os.uname().machine if sys.maxsize > 2**32 else ""
    policy = {
        "parent": os.getpid(),
        "niceness": NICENESS,
        "limits": msgspec.to_builtins(limits),
        "readable": [str(path) for path in readable],
        "writable": [str(path) for path in writable],
        "calls": seccomp_filter(machine),
    }
    return [sys.executable, "-I", "-S", str(LAUNCHER), marshal.dumps(policy).hex(), *command]
