"""Finds processes that a stack has left running."""

from pathlib import Path

import psutil

from devstack.process_tree import MARK


def running(path: Path) -> list[str]:
    """Returns all processes of a stack, its orphan reaper included."""
    return [
        f"{process.pid} {process.info['cmdline']}"
        for process in psutil.process_iter(["cmdline", "status", "environ"])
        if process.info["status"] != psutil.STATUS_ZOMBIE
        and ((process.info["environ"] or {}).get(MARK) == str(path) or str(path) in process.info["cmdline"])
    ]
