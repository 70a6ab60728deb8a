"""Self-test: each planted defect must be reported by the checks under its own kind and words.

First all injections run once without a defect, when nothing may be reported.
"""

import asyncio
import signal
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from tests.faults.faulty_system import WORKERS, FaultySystem
from tests.faults.invariants import Findings
from tests.faults.messages import Messages
from tests.faults.run import Run
from tests.faults.scenarios import events, processes
from tests.faults.scenarios.scenario import Break, Scenario, ScenarioContext
from tests.faults.scenarios.steps import hit
from tests.faults.traffic import Kind as Sent

TIMES = 2
# Whether a defect shows depends on timing, so each has several rounds.
ROUNDS = 3
# Longer than in scenarios: no other point shows the defect.
HIT_WITHIN_S = 30.0
# Shorter than in scenarios: some defects keep the system from becoming idle.
QUIET_WITHIN_S = 20.0
AT_WORK_S = (2.0, 3.0)
GATEWAYS = ("gateway", "gateway-2")


class Kind(Enum):
    """Kind of finding."""

    LOST = "lost"
    DUPLICATED = "duplicated"
    WRONG = "wrong"


def said(findings: Findings, kind: Kind) -> list[str]:
    match kind:
        case Kind.LOST:
            return findings.lost
        case Kind.DUPLICATED:
            return findings.duplicated
        case Kind.WRONG:
            return findings.wrong


@dataclass(frozen=True)
class Planted:
    """A defect, the services that have it, the injection that exposes it, and the expected finding."""

    bug: str
    services: Sequence[str]
    inject: Break
    kind: Kind
    words: str
    dead_letters: int = 0
    is_graceful: bool = False
    has_long_requests: bool = True

    def is_found(self, findings: Findings) -> bool:
        return any(self.words in problem for problem in said(findings, self.kind))


def _dies_at(name: str, point: str) -> Break:
    async def inject(context: ScenarioContext) -> bool:
        return await hit(context, name, point, signal.SIGKILL, HIT_WITHIN_S)

    return inject


def _stops_at(name: str, point: str) -> Break:
    async def inject(context: ScenarioContext) -> bool:
        return await hit(context, name, point, signal.SIGTERM, HIT_WITHIN_S)

    return inject


async def _gateways_stop(context: ScenarioContext) -> bool:
    for name in GATEWAYS:
        await processes.stop(context, name)
        await asyncio.to_thread(context.system.start, name)
    return True


async def _sleeps_before_it_stores(context: ScenarioContext) -> bool:
    worker = context.rng.choice(WORKERS)
    return await hit(context, worker, "before-blob-write", signal.SIGSTOP, HIT_WITHIN_S)


async def _nothing(context: ScenarioContext) -> bool:
    """Injects no fault, because traffic alone exposes the defect."""
    await context.pause(AT_WORK_S)
    return True


async def _silence_uploaded(context: ScenarioContext) -> bool:
    await context.traffic.one(Sent.SILENT)
    return True


# Defects with lasting effects come last.
PLANTED = (
    Planted(
        "acknowledge_before_storing",
        ["notification"],
        _dies_at("notification", "before-send"),
        Kind.LOST,
        "no mail",
    ),
    Planted("no_ledger", ["notification"], events.at_once, Kind.DUPLICATED, "mail"),
    Planted("never_send_a_webhook", ["notification"], _nothing, Kind.LOST, "no webhook"),
    Planted("send_each_webhook_twice", ["notification"], _nothing, Kind.DUPLICATED, "times the same webhook"),
    Planted("answer_with_500", GATEWAYS, _nothing, Kind.WRONG, ": 500 "),
    Planted("turn_away_for_good", GATEWAYS, _nothing, Kind.WRONG, "list: 503 without Retry-After"),
    Planted("never_answer", GATEWAYS, _nothing, Kind.WRONG, "list: no answer within"),
    Planted(
        "take_every_key_for_a_new_one",
        ["converter"],
        _dies_at("converter", "after-store-save"),
        Kind.DUPLICATED,
        "2 conversions",
    ),
    Planted("never_clear_the_outbox", ["converter"], _nothing, Kind.WRONG, "every event to be published"),
    Planted(
        "publish_before_committing",
        WORKERS,
        _dies_at("worker", "after-publish"),
        Kind.DUPLICATED,
        "different",
    ),
    Planted("no_fencing", WORKERS, _sleeps_before_it_stores, Kind.DUPLICATED, "different"),
    Planted("store_half", WORKERS, _nothing, Kind.LOST, "the audio is not what"),
    Planted("give_a_wrong_reason", WORKERS, _silence_uploaded, Kind.LOST, "(too_long), not failed"),
    Planted("never_come_to_an_end", WORKERS, _nothing, Kind.LOST, "never ended"),
    Planted(
        "throw_away_what_is_malformed",
        WORKERS,
        events.malformed,
        Kind.WRONG,
        "dead letters, not",
        dead_letters=len(Messages.MALFORMED),
    ),
    Planted("never_delete", WORKERS, _dies_at("worker", "after-blob-write"), Kind.WRONG, "orphaned blob"),
    Planted(
        "acknowledge_webhooks_first",
        ("notification",),
        _dies_at("notification", "before-webhook-add"),
        Kind.LOST,
        "no webhook",
    ),
    Planted(
        "record_webhooks_later",
        ("notification",),
        _stops_at("notification", "after-webhook-post"),
        Kind.DUPLICATED,
        "times the same webhook",
        is_graceful=True,
    ),
    Planted(
        "close_kept_connections_at_once",
        GATEWAYS,
        _gateways_stop,
        Kind.WRONG,
        "a kept connection to",
        is_graceful=True,
        has_long_requests=False,
    ),
    Planted("hold_on_to_the_lease", WORKERS, _nothing, Kind.WRONG, "leases held"),
)


async def undetected(system: FaultySystem, run: Run, only: str = "") -> list[str]:
    """Returns findings without a defect, and the names of undetected defects."""
    chosen = [planted for planted in PLANTED if only in planted.bug]
    missed = await _found_without(run, chosen)
    planted_in = frozenset[str]()
    for planted in chosen:
        began = time.monotonic()
        _plant(system, planted.bug, planted.services, instead_of=planted_in)
        planted_in = frozenset(planted.services)
        is_found = await _is_found(run, planted)
        took = f"{time.monotonic() - began:.0f} s"
        print(f"{'found' if is_found else 'NOT FOUND'}: {planted.bug}, {took}", flush=True)
        missed += [] if is_found else [f"not found: {planted.bug}"]
    return missed


async def _found_without(run: Run, chosen: Sequence[Planted]) -> list[str]:
    """Runs each injection once without a planted defect; returns the findings (none are expected)."""
    rows = []
    for dead_letters, is_graceful in sorted(
        {(planted.dead_letters, planted.is_graceful) for planted in chosen}
    ):
        breaks = {
            planted.inject: None
            for planted in chosen
            if (planted.dead_letters, planted.is_graceful) == (dead_letters, is_graceful)
        }
        scenario = Scenario(
            "nothing", len(breaks), _each(breaks), dead_letters=dead_letters, is_graceful=is_graceful
        )
        rows.append(await run.scenario(scenario, len(breaks)))
    return [f"found without any mistake: {problem}" for row in rows for problem in row.problems]


def _each(breaks: Iterable[Break]) -> Break:
    """Returns another value at every call."""
    left = iter(breaks)

    async def inject(context: ScenarioContext) -> bool:
        return await next(left)(context)

    return inject


def _plant(system: FaultySystem, bug: str, services: Sequence[str], *, instead_of: Iterable[str]) -> None:
    for name in frozenset(instead_of) - frozenset(services):
        system.plant(name, None)
    for name in services:
        system.plant(name, bug)


async def _is_found(run: Run, planted: Planted) -> bool:
    scenario = Scenario(
        planted.bug,
        TIMES,
        planted.inject,
        dead_letters=planted.dead_letters,
        is_graceful=planted.is_graceful,
        has_long_requests=planted.has_long_requests,
    )
    for _ in range(ROUNDS):
        row = await run.scenario(scenario, TIMES, QUIET_WITHIN_S)
        if any(planted.is_found(findings) for findings in row.findings):
            return True
    return False
