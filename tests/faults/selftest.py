"""The checks checked: with each planted mistake in a service, what it does must be found."""

import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tests.faults.invariants import Findings
from tests.faults.run import Run
from tests.faults.scenarios import events
from tests.faults.scenarios.stage import Break, Scenario, Stage
from tests.faults.scenarios.steps import hit
from tests.faults.world import WORKERS, World

ZOMBIES = 3
# A process that dies after one publish of several has not always died of the mistake.
ROUNDS = 3
# No other point brings the mistake to light.
HIT_WITHIN_S = 30.0


@dataclass(frozen=True)
class Planted:
    """A mistake, where it is made, what brings it to light, and what must be found then."""

    bug: str
    services: Sequence[str]
    break_it: Break
    found: Callable[[Findings], list[str]]


def _dies_at(name: str, point: str) -> Break:
    async def break_it(stage: Stage) -> bool:
        return await hit(stage, name, point, signal.SIGKILL, HIT_WITHIN_S)

    return break_it


async def _sleeps_before_it_stores(stage: Stage) -> bool:
    worker = stage.dice.choice(WORKERS)
    return await hit(stage, worker, "before-blob-write", signal.SIGSTOP, HIT_WITHIN_S)


PLANTED = (
    Planted(
        "acknowledge_before_storing",
        ["notification"],
        _dies_at("notification", "before-send"),
        lambda findings: findings.lost,
    ),
    Planted(
        "publish_before_committing",
        WORKERS,
        _dies_at("worker", "after-publish"),
        lambda findings: findings.duplicated,
    ),
    Planted("no_fencing", WORKERS, _sleeps_before_it_stores, lambda findings: findings.all),
    Planted("no_ledger", ["notification"], events.at_once, lambda findings: findings.duplicated),
)


async def undetected(world: World, run: Run) -> list[str]:
    """The planted mistakes that nothing was said about."""
    missed = []
    for planted in PLANTED:
        for name in planted.services:
            world.plant(name, planted.bug)
        if not await _is_found(planted, run):
            missed.append(planted.bug)
        for name in planted.services:
            world.plant(name, None)
    return missed


async def _is_found(planted: Planted, run: Run) -> bool:
    scenario = Scenario(f"planted: {planted.bug}", ZOMBIES, planted.break_it)
    for _ in range(ROUNDS):
        row = await run.scenario(scenario, ZOMBIES)
        if any(planted.found(findings) for findings in row.findings):
            return True
    return False
