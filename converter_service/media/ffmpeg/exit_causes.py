"""Causes of the end of a program in the sandbox, for metrics."""

import signal
from collections.abc import Callable

from converter_service.media.ffmpeg.errors import ASKED_TO_STOP, CRASHES, is_machines_fault
from converter_service.media.sandbox.process import Exit

CountExit = Callable[[str, str], None]
"""Called with the name of a program and the cause of its end."""


def ignore_exit(_program: str, _cause: str) -> None:
    """For transcoders without metrics."""


def program_name(executable: str, ffmpeg: str, ffprobe: str) -> str:
    """`ffmpeg`, `ffprobe`, or `tags` for the programs that read and write tags."""
    if executable == ffmpeg:
        return "ffmpeg"
    return "ffprobe" if executable == ffprobe else "tags"


def cause_of(ended: Exit | None) -> str:
    """The cause of an exit; None for a program that was ended by its worker: `stopped`.

    `error` is that of a program which could not do what it was to do, mostly because of the file.
    """
    if ended is None or ended.code == ASKED_TO_STOP:
        return "stopped"
    if ended.code >= 0:
        if is_machines_fault(ended):
            return "machine"
        return "success" if ended.code == 0 else "error"
    return _cause_of_signal(-ended.code)


def _cause_of_signal(number: int) -> str:
    if number == signal.SIGXCPU:
        return "processor_limit"
    if number == signal.SIGXFSZ:
        return "size_limit"
    if number == signal.SIGPIPE:
        return "stopped"  # its reader had all that it wanted
    return "crash" if number in CRASHES else "killed"
