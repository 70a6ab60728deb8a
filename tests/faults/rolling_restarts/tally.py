"""Results of the requests of one kind of client."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.response_checks import PAGE, codes_by_status
from tests.faults.rolling_restarts.calls import Call

# RFC 9110 §9.2.2; the others must not be repeated without the user's consent.
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})


def known_codes(page: Path = PAGE) -> dict[int, frozenset[str]]:
    return dict(codes_by_status(page.read_text()))


@dataclass(frozen=True)
class Answer:
    """What a client saw; `is_kept` is None where it does not tell whether its connection was used before."""

    status: int
    code: str | None
    retry_after: str | None
    is_kept: bool | None = None


@dataclass
class Tally:
    """`refused` counts requests without a connection; `unanswered` and `wrong` describe failures.

    `kept` counts answers on connections that had answered before, `longest_kept_s` is the longest pause
    before one of them, `closed_idle` counts pauses after which the connection was no longer there. `repeated`
    are the requests that a client sent again by itself, because their connection ended without an answer.
    """

    codes: dict[int, frozenset[str]]
    answers: Counter[int] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    refused: int = 0
    kept: int = 0
    longest_kept_s: float = 0.0
    closed_idle: int = 0
    repeated: list[str] = field(default_factory=list)
    unanswered: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def answered(self, call: Call, answer: Answer) -> None:
        """Counts a response."""
        self.answers[answer.status] += 1
        self.calls[call.name] += 1
        if answer.is_kept:
            self.kept += 1
            self.longest_kept_s = max(self.longest_kept_s, call.pause_s)
        self.closed_idle += answer.is_kept is False
        if answer.status not in call.expected:
            self.wrong.append(f"{call.name}: {answer.status} {answer.code}")
        elif answer.status >= 400 and answer.code not in self.codes.get(answer.status, ()):
            self.wrong.append(f"{call.name}: {answer.status} with the code {answer.code}")
        elif answer.status == 503 and not (answer.retry_after or "").isdecimal():
            self.wrong.append(f"{call.name}: 503 without Retry-After")

    def lost(self, call: Call, error: str) -> None:
        """Counts a request on an established connection that got no answer."""
        self.unanswered.append(f"{call.name} after {call.pause_s:.1f} s idle: {error}")

    def sent_again(self, method: str, path: str) -> None:
        """Counts a request that the client repeated by itself."""
        self.repeated.append(f"{method} {path}")
        if method not in IDEMPOTENT:
            self.unanswered.append(f"{method} {path}: repeated by the client itself")

    @property
    def problems(self) -> list[str]:
        return [*(f"no answer: {each}" for each in self.unanswered), *self.wrong]
