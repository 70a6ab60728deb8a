"""Processes that are killed, stopped or frozen."""

import asyncio
import time

from tests.faults.faulty_system import SERVICES, FaultySystem
from tests.faults.scenarios.scenario import Break, ScenarioContext

# Longer than a lease: the process has lost it when it resumes.
FROZEN_S = (4.0, 6.0)
# As in docs/operations.md: half a minute, plus the SMTP timeout for notification_service.
STOPPED_WITHIN_S = 30.0
MAIL_S = 5.0


def killed(name: str) -> Break:
    async def inject(context: ScenarioContext) -> bool:
        await asyncio.to_thread(context.system.kill, name)
        await context.pause((0.0, 1.0))
        return True

    return inject


async def all_killed(context: ScenarioContext) -> bool:
    for name in SERVICES:
        await asyncio.to_thread(context.system.kill, name)
    return True


def stopped(name: str) -> Break:
    async def inject(context: ScenarioContext) -> bool:
        await stop(context, name)
        return True

    return inject


async def stop(context: ScenarioContext, name: str) -> None:
    """Stops a service; raises AssertionError unless it exits with 0 in time."""
    began = time.monotonic()
    context.stops.append(began)
    await asyncio.to_thread(context.system.stop, name)
    ended_well(context.system, name, time.monotonic() - began)


def ended_well(system: FaultySystem, name: str, took_s: float) -> None:
    bound_s = stopped_within_s(name)
    assert (code := system.exit_code(name)) == 0, f"{name} received SIGTERM and ended with {code}"
    assert took_s <= bound_s, f"{name} took {took_s:.1f} s to stop, not {bound_s:g} s"


def stopped_within_s(name: str) -> float:
    return STOPPED_WITHIN_S + (MAIL_S if name == "notification" else 0.0)


async def rolling(context: ScenarioContext) -> bool:
    """Restarts every service in turn; of two replicas one keeps running."""
    for name in SERVICES:
        await stop(context, name)
        await asyncio.to_thread(context.system.start, name)
    return True


def frozen(name: str) -> Break:
    async def inject(context: ScenarioContext) -> bool:
        context.system.freeze(name)
        await context.pause(FROZEN_S)
        return True

    return inject
