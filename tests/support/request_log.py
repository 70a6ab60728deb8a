"""The log lines of one request, from all processes of a stack, ordered by timestamp."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from devstack.stack import Stack

Line = Mapping[str, Any]


class RequestLog:
    """`lines` have the correlation id; `strays` mention the conversion and have no correlation id."""

    def __init__(self, stack: Stack, correlation_id: str, conversion_id: str) -> None:
        written = (line for service in stack.services for line in _lines(stack.home.log(service.name)))
        found = [json.loads(line) for line in written if correlation_id in line or conversion_id in line]
        self.lines: Sequence[Line] = sorted(
            (line for line in found if line.get("correlation_id") == correlation_id),
            key=lambda line: str(line["timestamp"]),
        )
        self.strays: Sequence[Line] = [line for line in found if "correlation_id" not in line]

    def lacks(self, *steps: Line) -> Line | None:
        """The first step without a line after that of the step before; None if all are there.

        A line matches a step when it contains the step's fields.
        """
        rest = iter(self.lines)
        for step in steps:
            if not any(step.items() <= line.items() for line in rest):
                return step
        return None

    def __str__(self) -> str:
        return "\n".join(json.dumps(line) for line in self.lines)


def _lines(log: Path) -> Iterator[str]:
    """JSON lines of a log file and of the one before its rotation."""
    for path in (log.with_suffix(".log.1"), log):
        if path.exists():
            with path.open(errors="replace") as lines:
                yield from (line for line in lines if line.startswith("{"))
