"""Polls `/readyz` of every service during a scenario and compares the responses with the true state."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx

from tests.faults.expected_readiness import (
    ANSWERED_WITHIN_S,
    KNOWN_AFTER_S,
    THROUGH_ANOTHER_S,
    broken_in,
    lacks_itself,
    may_be_ready,
)
from tests.faults.faulty_system import SERVICES, FaultySystem

EVERY_S = 1.0
SNAPSHOT_EVERY_S = 0.2
# Tolerance for a busy machine.
BUSY_S = 4.0
# Duration of a probe on an idle machine; a machine counts as busy when snapshots are further apart.
PROBE_S = 1.0
LOOKS_APART_S = 2 * SNAPSHOT_EVERY_S


@dataclass(frozen=True)
class ProbeResult:
    """Response to one probe; `is_ready` is None without a response."""

    name: str
    asked_at: float
    took_s: float
    is_ready: bool | None


@dataclass(frozen=True)
class Snapshot:
    """Broken parts at a moment; `is_calm` is True if nothing was injected since all was ready."""

    at: float
    broken: frozenset[str]
    is_calm: bool = False


class ReadinessMonitor:
    """Collects probe results and snapshots of one scenario."""

    def __init__(self, system: FaultySystem) -> None:
        self._system = system
        self.said: list[ProbeResult] = []
        self.seen: list[Snapshot] = []
        self.is_calm = False

    @asynccontextmanager
    async def watching(self) -> AsyncIterator[None]:
        patience_s = ANSWERED_WITHIN_S + BUSY_S
        async with httpx.AsyncClient(timeout=patience_s) as http, asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(self._ask(http, name)) for name in SERVICES]
            running.append(tasks.create_task(self._look()))
            try:
                yield
            finally:
                for task in running:
                    task.cancel()

    def wrong(self) -> list[str]:
        """Returns at most one message per service."""
        found = {said.name: wrong for said in self.said if (wrong := judged(said, self.seen))}
        return list(found.values())

    async def _look(self) -> None:
        while True:
            was_calm = self.is_calm
            broken = await asyncio.to_thread(broken_in, self._system)
            self.seen.append(Snapshot(time.monotonic(), broken, is_calm=was_calm and self.is_calm))
            await asyncio.sleep(SNAPSHOT_EVERY_S)

    async def _ask(self, http: httpx.AsyncClient, name: str) -> None:
        url = f"{self._system.stack.service(name).url}/readyz"
        while True:
            asked_at, is_ready = time.monotonic(), None
            try:
                is_ready = (await http.get(url)).is_success
            except httpx.TransportError:
                is_ready = None
            self.said.append(ProbeResult(name, asked_at, time.monotonic() - asked_at, is_ready))
            await asyncio.sleep(EVERY_S)


def judged(said: ProbeResult, seen: Sequence[Snapshot]) -> str:
    """Returns a message about a wrong response; empty if it is correct."""
    if said.took_s > ANSWERED_WITHIN_S + BUSY_S - EVERY_S:
        meanwhile = between(seen, said.asked_at, said.asked_at + said.took_s)
        if meanwhile and not any(said.name in moment.broken for moment in meanwhile):
            return f"{said.name} took {said.took_s:.1f} s to say whether it is ready"
    if said.is_ready and not _came_back(said, seen):
        return _has_lacked_for_long(said, seen)
    if said.is_ready is False:
        before = _while_idle(between(seen, said.asked_at - THROUGH_ANOTHER_S, said.asked_at + said.took_s))
        if before and all(moment.is_calm and not moment.broken for moment in before):
            return f"{said.name} was not ready although nothing was broken"
    return ""


def _came_back(said: ProbeResult, seen: Sequence[Snapshot]) -> bool:
    """Returns True if the service was ready at some moment between request and response."""
    meanwhile = between(seen, said.asked_at, said.asked_at + said.took_s + LOOKS_APART_S)
    return any(may_be_ready(said.name, moment.broken) for moment in meanwhile)


def _has_lacked_for_long(said: ProbeResult, seen: Sequence[Snapshot]) -> str:
    """Reports a service that was ready too long after a dependency had failed."""
    before = between(seen, said.asked_at - THROUGH_ANOTHER_S, said.asked_at)
    has_lacked = [not may_be_ready(said.name, moment.broken) for moment in before]
    if all(has_lacked) and len(has_lacked) * SNAPSHOT_EVERY_S > THROUGH_ANOTHER_S / 4:
        return f"{said.name} was ready without {sorted(before[-1].broken)}"
    lately = _while_idle(between(seen, said.asked_at - KNOWN_AFTER_S - PROBE_S, said.asked_at))
    if lately and all(lacks_itself(said.name, moment.broken) for moment in lately):
        return f"{said.name} was still ready without {sorted(lately[-1].broken)}"
    return ""


def _while_idle(moments: Sequence[Snapshot]) -> Sequence[Snapshot]:
    """Returns the snapshots, or none if the machine was busy meanwhile."""
    pairs = itertools.pairwise(moments)
    return [] if any(later.at - at.at > LOOKS_APART_S for at, later in pairs) else moments


def between(seen: Sequence[Snapshot], first: float, last: float) -> list[Snapshot]:
    """Returns the snapshots of an interval; empty unless they cover all of it."""
    if not seen or seen[0].at > first:
        return []
    return [moment for moment in seen if first <= moment.at <= last]
