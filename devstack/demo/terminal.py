"""Terminal output: a progress bar that is redrawn on a terminal, plain lines elsewhere."""

import sys
import time
from typing import TextIO

BAR_WIDTH = 30
PLAIN_EVERY_S = 5.0


class Terminal:
    def __init__(self, out: TextIO | None = None) -> None:
        self._out = out or sys.stdout
        self._moves = self._out.isatty()
        self._last: tuple[str, int] | None = None
        self._last_at = 0.0

    def say(self, text: str) -> None:
        self._finish_line()
        print(text, file=self._out, flush=True)

    def progress(self, label: str, share: float) -> None:
        """Shows progress; `share` is from 0 to 1. Without a terminal at most one line in PLAIN_EVERY_S."""
        percent = int(min(max(share, 0.0), 1.0) * 100)
        if (label, percent) == self._last:
            return
        if self._moves:
            bar = "#" * (percent * BAR_WIDTH // 100)
            print(
                f"\r\x1b[K{label:<12}[{bar:<{BAR_WIDTH}}] {percent:3d} %", end="", file=self._out, flush=True
            )
        elif self._worth_a_line(label, percent):
            print(f"{label} {percent} %", file=self._out, flush=True)
            self._last_at = time.monotonic()
        self._last = (label, percent)

    def _worth_a_line(self, label: str, percent: int) -> bool:
        news = self._last is None or label != self._last[0] or percent == 100
        return news or time.monotonic() - self._last_at > PLAIN_EVERY_S

    def _finish_line(self) -> None:
        if self._moves and self._last is not None:
            print(file=self._out)
        self._last = None
