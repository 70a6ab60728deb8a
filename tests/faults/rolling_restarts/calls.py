"""Random requests to the gateway, each with a pause before it."""

import json
import random
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

# Requests of the gateway alone, and of each service behind it.
READS = ("/verify-email", "/v1/conversions", "/v1/webhooks", "/v1/auth/me")
SIGNED_OUT, REFUSED_TYPE, UNKNOWN_TOKEN = (frozenset({status, 503}) for status in (204, 415, 401))
REFRESH = json.dumps({"refresh_token": "unknown"})


@dataclass(frozen=True)
class Call:
    """One request; `pause_s` is the time for which its connection is idle before it. `expected` are
    the statuses that its documentation permits here.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: str
    pause_s: float
    expected: frozenset[int] = frozenset({200, 503})

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class Calls:
    """Draws requests. `sessions` are tokens to sign out with, each used once."""

    def __init__(self, rng: random.Random, token: str, sessions: deque[str], longest_pause_s: float) -> None:
        self._rng, self._token, self._sessions = rng, token, sessions
        self._longest_pause_s = longest_pause_s

    def pause(self) -> float:
        """Half of the pauses are short, the others up to the longest one."""
        short = self._rng.random() < 0.5
        return self._rng.uniform(0.0, min(2.0, self._longest_pause_s) if short else self._longest_pause_s)

    def draw(self) -> Call:
        pause_s, kind = self.pause(), self._rng.randrange(7)
        if kind < len(READS):
            return Call("GET", READS[kind], self._authorized(self._token), "", pause_s)
        if kind == 4 and self._sessions:
            return Call(
                "POST", "/v1/auth/logout", self._authorized(self._sessions.pop()), "", pause_s, SIGNED_OUT
            )
        if kind == 5:  # refused by its media type
            headers = {**self._authorized(self._token), "Content-Type": "text/plain"}
            return Call("POST", "/v1/conversions", headers, "no video", pause_s, REFUSED_TYPE)
        json_type = {"Content-Type": "application/json"}
        return Call("POST", "/v1/auth/refresh", json_type, REFRESH, pause_s, UNKNOWN_TOKEN)

    def _authorized(self, token: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}


def problem_code(status: int, body: bytes | str) -> str | None:
    """The code of a problem; None for another response or an unreadable body."""
    if status < 400:
        return None
    try:
        problem = json.loads(body)
    except ValueError:
        return None
    return str(problem.get("code")) if isinstance(problem, dict) else None
