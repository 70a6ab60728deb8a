"""Readiness: probes of a service's dependencies, cached and bounded in time."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

import msgspec

from shared.logs import get_logger

PROBE_TIMEOUT_S = 3.0
CACHED_S = 1.0


Probe: TypeAlias = Callable[[], Awaitable[object]]


class Check(msgspec.Struct, frozen=True):
    """A dependency: `probe` returns if it is available and raises if not.

    A `critical` dependency that is down makes the service not ready. A result is cached for `cached_s`.
    """

    name: str
    probe: Probe
    critical: bool = True
    cached_s: float = CACHED_S


def check_in_turn(*probes: Probe) -> Probe:
    """Combines probes into one that runs them one after the other."""

    async def probe() -> None:
        for each in probes:
            await each()

    return probe


class Readiness:
    """Probes all dependencies concurrently, each at most once per `Check.cached_s`."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)
        self._probing = asyncio.Lock()
        self._probes: dict[str, asyncio.Task[object]] = {}
        self._results: dict[str, tuple[float, str]] = {}
        self._down: set[str] = set()

    async def states(self) -> dict[str, str]:
        """`ok` or `down` by name of the dependency, within about PROBE_TIMEOUT_S."""
        async with self._probing:
            due = [check for check in self._checks if self._is_due(check)]
            await asyncio.gather(*(self._refresh(check) for check in due))
            return {check.name: self._results[check.name][1] for check in self._checks}

    def missing(self, states: dict[str, str]) -> bool:
        """True if a critical dependency is down."""
        return any(check.critical and states[check.name] != "ok" for check in self._checks)

    def _is_due(self, check: Check) -> bool:
        probed_at, _ = self._results.get(check.name, (float("-inf"), ""))
        return time.monotonic() - probed_at > check.cached_s

    async def _refresh(self, check: Check) -> None:
        error = await self._probe(check)
        self._log_change(check.name, error)
        self._results[check.name] = time.monotonic(), "down" if error else "ok"

    async def _probe(self, check: Check) -> BaseException | None:
        """The probe's error. A probe that ignores its cancellation is left running and not started again."""
        probe = self._probes.get(check.name)
        if probe is None or probe.done():
            probe = self._probes[check.name] = asyncio.create_task(_run(check))
            probe.add_done_callback(_error)
        done, _ = await asyncio.wait({probe}, timeout=PROBE_TIMEOUT_S)
        if not done:
            probe.cancel()
            return TimeoutError()
        return _error(probe)

    def _log_change(self, name: str, error: BaseException | None) -> None:
        """Logs changes only: a check every second must not fill the log."""
        if error and name not in self._down:
            self._down.add(name)
            get_logger(__name__).warning("dependency is down", dependency=name, reason=type(error).__name__)
        if not error and name in self._down:
            self._down.remove(name)
            get_logger(__name__).info("dependency is up again", dependency=name)


async def _run(check: Check) -> object:
    return await check.probe()


def _error(probe: asyncio.Task[object]) -> BaseException | None:
    return asyncio.CancelledError() if probe.cancelled() else probe.exception()
