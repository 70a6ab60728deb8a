"""Checks of responses during faults: status, code and headers must be documented in docs/api.md."""

import json
import re
from collections import defaultdict
from collections.abc import Mapping
from enum import Enum
from pathlib import Path

import httpx

PAGE = Path(__file__).parents[2] / "docs/api.md"
PROBLEM = "application/problem+json"
COMES_BACK = frozenset({429, 503})
# `code`, `code` | status, status | …
ROW = re.compile(r"^\| (?P<codes>`\w+`(?:, `\w+`)*) \| (?P<statuses>\d{3}(?:, \d{3})*) \|", re.MULTILINE)


def codes_by_status(page: str) -> Mapping[int, frozenset[str]]:
    """Parses the error table of docs/api.md: status → codes."""
    codes = defaultdict[int, set[str]](set)
    for row in ROW.finditer(page):
        for status in row["statuses"].split(", "):
            codes[int(status)].update(re.findall(r"\w+", row["codes"]))
    return {status: frozenset(known) for status, known in codes.items()}


class Call(Enum):
    """A call of the traffic: its name, and the statuses that it may have during faults."""

    UPLOAD = "upload", frozenset({202, 408, 409, 429, 503})
    LOGIN = "login", frozenset({200, 429, 503})
    LOGOUT = "logout", frozenset({204, 503})
    LIST = "list", frozenset({200, 503})
    WEBHOOKS = "webhooks", frozenset({200, 503})
    LOOK = "look", frozenset({200, 503})
    DOWNLOAD = "download", frozenset({200, 503})

    def __init__(self, label: str, documented: frozenset[int]) -> None:
        self.label, self.documented = label, documented


class ResponseChecks:
    """Compares responses with a documentation page."""

    def __init__(self, page: Path = PAGE) -> None:
        self._codes = codes_by_status(page.read_text())

    def complaints(self, call: Call, answer: httpx.Response) -> list[str]:
        """Returns a message for each violation, beginning with call and status."""
        status = answer.status_code
        wrong = []
        if status not in call.documented:
            wrong.append(answer.text[:300])
        if status in COMES_BACK and not answer.headers.get("retry-after", "").isdecimal():
            wrong.append("without Retry-After")
        if answer.is_error:
            wrong += self._of_the_problem(answer)
        return [f"{call.label}: {status} {each}" for each in wrong]

    def _of_the_problem(self, answer: httpx.Response) -> list[str]:
        if answer.headers.get("content-type", "").partition(";")[0] != PROBLEM:
            return [f"is no {PROBLEM}: {answer.text[:100]}"]
        try:
            problem = answer.json()
        except (json.JSONDecodeError, UnicodeDecodeError):
            return [f"cannot be read: {answer.text[:100]}"]
        if problem.get("status") != answer.status_code:
            return [f"says that it is a {problem.get('status')}"]
        code = problem.get("code")
        return [] if code in self._codes.get(answer.status_code, ()) else [f"with the code {code}"]
