"""Reads the processor time of a running program, for the meter of the block that started it."""

import asyncio
import os
import time
from pathlib import Path

from converter_service.media.processor_time import METER

SAMPLE_S = 1.0
# Fields of /proc/<pid>/stat after the program's name (proc_pid_stat(5)): utime and stime, in clock ticks.
USER, SYSTEM = 11, 12


class ProgramTimer:
    """Reads the processor time of one program every SAMPLE_S, because a process that has ended has none.

    The time since the last reading counts as used. Where there is no /proc, all of the program's time does.
    """

    def __init__(self, pid: int) -> None:
        self._pid, self._stat = pid, Path(f"/proc/{pid}/stat")
        self._meter = METER.get()
        self._seconds = 0.0
        self._read_at = time.monotonic()
        self._sampling = asyncio.create_task(self._sample()) if self._meter else None

    def read(self) -> None:
        """Takes the current time; does nothing after the program's end."""
        try:
            fields = self._stat.read_text().rpartition(")")[2].split()
        except OSError:
            return
        ticks = int(fields[USER]) + int(fields[SYSTEM])
        self._seconds = max(self._seconds, ticks / os.sysconf("SC_CLK_TCK"))
        self._read_at = time.monotonic()
        if self._meter is not None:
            self._meter.running_s[self._pid] = self._seconds

    def stop(self) -> None:
        """Adds the program's time to the meter of the block that started it."""
        if self._meter is None or self._sampling is None:
            return
        self._sampling.cancel()
        self._meter.running_s.pop(self._pid, None)
        self._meter.ended_s += self._seconds + time.monotonic() - self._read_at
        self._meter = None

    async def _sample(self) -> None:
        while True:
            await asyncio.sleep(SAMPLE_S)
            self.read()
