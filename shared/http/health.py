"""`/healthz`: the process is alive. `/readyz`: what it stands on, by name."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeAlias

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from shared.errors import Unavailable
from shared.http.graceful_stop import GracefulStop, ShuttingDown
from shared.http.problems import MEDIA_TYPE, Problem, problem
from shared.logs import get_logger

PROBE_TIMEOUT_S = 3.0
REMEMBERED_S = 1.0


Probe: TypeAlias = Callable[[], Awaitable[object]]


class Check(msgspec.Struct, frozen=True):
    """A dependency: `probe` returns when it answers and raises when it does not.

    `critical` means that this process cannot do its work without it. What was found is told for
    `remembered_s`.
    """

    name: str
    probe: Probe
    critical: bool = True
    remembered_s: float = REMEMBERED_S


def in_turn(*probes: Probe) -> Probe:
    """One after the other."""

    async def probe() -> None:
        for each in probes:
            await each()

    return probe


class Alive(msgspec.Struct, frozen=True):
    status: str


class Ready(msgspec.Struct, frozen=True):
    status: str
    checks: dict[str, str]


class Readiness:
    """Asks every dependency at once, each at most once in its time however often it is asked itself."""

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = tuple(checks)
        self._asking = asyncio.Lock()
        self._probes: dict[str, asyncio.Task[object]] = {}
        self._known: dict[str, tuple[float, str]] = {}
        self._down: set[str] = set()

    async def states(self) -> dict[str, str]:
        """Name of each dependency → `ok` or `down`, within PROBE_TIMEOUT_S and what a busy machine adds."""
        async with self._asking:
            due = [check for check in self._checks if self._is_due(check)]
            await asyncio.gather(*(self._ask(check) for check in due))
            return {check.name: self._known[check.name][1] for check in self._checks}

    def _is_due(self, check: Check) -> bool:
        asked_at, _ = self._known.get(check.name, (float("-inf"), ""))
        return time.monotonic() - asked_at > check.remembered_s

    async def _ask(self, check: Check) -> None:
        trouble = await self._trouble(check)
        self._tell(check.name, trouble)
        self._known[check.name] = time.monotonic(), "down" if trouble else "ok"

    async def _trouble(self, check: Check) -> BaseException | None:
        """A driver may be deaf to being cancelled: what does not end is left alone, and not begun again."""
        probe = self._probes.get(check.name)
        if probe is None or probe.done():
            probe = self._probes[check.name] = asyncio.create_task(_probed(check))
            probe.add_done_callback(_outcome)
        done, _ = await asyncio.wait({probe}, timeout=PROBE_TIMEOUT_S)
        if not done:
            probe.cancel()
            return TimeoutError()
        return _outcome(probe)

    def _tell(self, name: str, down: BaseException | None) -> None:
        """Only what changed: a probe every second must not fill the log."""
        if down and name not in self._down:
            self._down.add(name)
            get_logger(__name__).warning("dependency is down", dependency=name, reason=type(down).__name__)
        if not down and name in self._down:
            self._down.remove(name)
            get_logger(__name__).info("dependency is back", dependency=name)

    def missing(self, states: dict[str, str]) -> bool:
        return any(check.critical and states[check.name] != "ok" for check in self._checks)


async def _probed(check: Check) -> object:
    return await check.probe()


def _outcome(probe: asyncio.Task[object]) -> BaseException | None:
    return asyncio.CancelledError() if probe.cancelled() else probe.exception()


def health_routes(
    checks: Sequence[Check], draining: GracefulStop, opt: dict[str, Any] | None = None
) -> list[HTTPRouteHandler]:
    readiness = Readiness(checks)

    @get("/healthz", opt=opt, operation_id="healthz", summary="The process is alive", tags=["health"])
    async def healthz() -> Alive:
        return Alive("ok")

    @get(
        "/readyz",
        opt=opt,
        operation_id="readyz",
        summary="Each dependency by name",
        tags=["health"],
        responses={
            Unavailable.status: ResponseSpec(
                Problem,
                description="One it cannot do without is down, or it is about to stop",
                media_type=MEDIA_TYPE,
                generate_examples=False,
            )
        },
    )
    async def readyz() -> Response[Ready]:
        if draining.has_begun:
            return problem(ShuttingDown())  # type: ignore[return-value]
        states = await readiness.states()
        if readiness.missing(states):
            return problem(Unavailable("A dependency is down."), checks=states)  # type: ignore[return-value]
        return Response(Ready("ok", states), headers={"Cache-Control": "no-store"})

    return [healthz, readyz]
