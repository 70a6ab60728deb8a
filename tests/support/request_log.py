"""The story of one request: what the logs of all processes say under its id, in order of time."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from devstack.stack import Stack

Line = Mapping[str, Any]


class Story:
    """What every process of a stack has said so far; `strays` are about the conversion and belong nowhere."""

    def __init__(self, stack: Stack, correlation_id: str, conversion_id: str) -> None:
        said = (line for service in stack.services for line in _said(stack.home.log(service.name)))
        found = [json.loads(line) for line in said if correlation_id in line or conversion_id in line]
        self.lines: Sequence[Line] = sorted(
            (line for line in found if line.get("correlation_id") == correlation_id),
            key=lambda line: str(line["timestamp"]),
        )
        self.strays: Sequence[Line] = [line for line in found if "correlation_id" not in line]

    def lacks(self, *chapters: Line) -> Line | None:
        """The first of these that does not come after the one before. A chapter is what a line must say."""
        rest = iter(self.lines)
        for chapter in chapters:
            if not any(chapter.items() <= line.items() for line in rest):
                return chapter
        return None

    def __str__(self) -> str:
        return "\n".join(json.dumps(line) for line in self.lines)


def _said(log: Path) -> Iterator[str]:
    for path in (log.with_suffix(".log.1"), log):
        if path.exists():
            with path.open(errors="replace") as lines:
                yield from (line for line in lines if line.startswith("{"))
