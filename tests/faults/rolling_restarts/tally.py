"""Results of the requests of one kind of client."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.response_checks import PAGE, codes_by_status

EXPECTED = frozenset({200, 204, 401, 415, 503})


def known_codes(page: Path = PAGE) -> dict[int, frozenset[str]]:
    return dict(codes_by_status(page.read_text()))


@dataclass
class Tally:
    """`refused` counts requests without a connection; `unanswered` and `wrong` describe failures."""

    codes: dict[int, frozenset[str]]
    answers: Counter[int] = field(default_factory=Counter)
    refused: int = 0
    unanswered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def answered(self, call: str, status: int, code: str | None, retry_after: str | None) -> None:
        """Counts a response; `code` is that of its problem."""
        self.answers[status] += 1
        if status not in EXPECTED:
            self.wrong.append(f"{call}: {status} {code}")
        elif status >= 400 and code not in self.codes.get(status, ()):
            self.wrong.append(f"{call}: {status} with the code {code}")
        elif status == 503 and not (retry_after or "").isdecimal():
            self.wrong.append(f"{call}: 503 without Retry-After")

    def lost(self, call: str, error: str, idle_s: float) -> None:
        """Counts a request on an established connection that got no answer."""
        self.unanswered.append(f"{call} after {idle_s:.1f} s idle: {error}")

    @property
    def problems(self) -> list[str]:
        return [*(f"no answer: {each}" for each in self.unanswered), *self.wrong]
