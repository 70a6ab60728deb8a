"""Runs scenarios: inject, heal, wait until idle, check.

Targets, moments and durations depend only on the seed and the scenario's name; traffic has a random generator
of its own.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from devstack.settings import other_database
from devstack.stack import Stack
from tests.faults.disks import small_disk
from tests.faults.faulty_system import QUICK, FaultySystem
from tests.faults.invariants import QUIET_WITHIN_S, Findings, Invariants
from tests.faults.log_checks import missing_log_lines
from tests.faults.long_requests import LONG_VIDEO_S, LongRequests
from tests.faults.messages import Messages
from tests.faults.point_schedule import PointSchedule
from tests.faults.proxy import Proxies
from tests.faults.readiness_monitor import ReadinessMonitor
from tests.faults.replica_set import ReplicaSet
from tests.faults.scenarios.scenario import Scenario, ScenarioContext, may_repeat
from tests.faults.supervision import supervised
from tests.faults.traffic import Kind, Traffic
from tests.faults.webhook_receiver import Receiver
from tests.support.media import Media
from tests.support.wait import until

PEOPLE = 4
NOTHING: Mapping[str, str] = MappingProxyType({})
PAUSE_S = 1.5
# The servers reserve part of their disk.
DISK_MIB = {"scratch": 1024, "mongo": 1536}
READY_WITHIN_S = 90.0
BEFORE_S = (0.1, 0.6)
# Further stops in which a long request is in progress that was not in the planned ones.
MORE_STOPS = 3


@dataclass
class Row:
    """One line of the report; `missed` names what injections broke and nothing met, `injected` counts
    the others. `uncovered` names what the scenario was to show, and did not come to.
    """

    scenario: str
    tried: int = 0
    injected: int = 0
    missed: list[str] = field(default_factory=list)
    accepted: int = 0
    uncovered: list[str] = field(default_factory=list)
    findings: list[Findings] = field(default_factory=list)
    slowest_recovery_s: float = 0.0

    def total(self, count: Callable[[Findings], int]) -> int:
        return sum(count(each) for each in self.findings)

    @property
    def problems(self) -> list[str]:
        """All findings; also reports a scenario that injected nothing or in which nothing was accepted."""
        idle = {"nothing was broken": self.injected, "nothing was accepted": self.accepted}
        found = [problem for each in self.findings for problem in each.all]
        return [*found, *(why for why, count in idle.items() if self.tried and not count)]


@contextmanager
def running(
    folder: Path, *, three: bool = False, small_disks: bool = True, given: Mapping[str, str] = NOTHING
) -> Iterator[FaultySystem]:
    """Starts the whole system below `folder`; with `three`, on a replica set of three MongoDB servers."""
    folder.chmod(0o755)  # PostgreSQL runs as another user when this process is root
    with ExitStack() as ends:
        proxies = Proxies()
        ends.callback(proxies.close)
        places = {"scratch": folder / "scratch", "mongo": folder / "stack" / "mongo"}
        disks = {
            name: disk
            for name, place in places.items()
            if small_disks and (disk := ends.enter_context(small_disk(place, DISK_MIB[name])))
        }
        members = ReplicaSet(folder / "set") if three else None
        given = {**QUICK, **given}
        if members:
            ends.callback(members.stop)
            members.start()
            ledger = other_database(members.url, "tonegate_notification")
            given |= {"CONVERTER_MONGO_URL": members.url, "NOTIFICATION_MONGO_URL": ledger}
        stack = ends.enter_context(Stack(folder / "stack", given))
        system = FaultySystem(stack, proxies, folder / "points", disks=disks, members=members)
        ends.callback(system.close)
        system.begin()
        yield system


class Run:
    """Runs scenarios on one system. Runs side by side share the schedule of fail points."""

    def __init__(
        self, system: FaultySystem, folder: Path, seed: int, schedule: PointSchedule | None = None
    ) -> None:
        media = Media(folder)
        self._system = system
        self._seed = seed
        self._rounds: Counter[str] = Counter()
        self._messages = Messages(system.stack.rabbitmq.url())
        receiver = Receiver(system.stack.ports["receiver"])
        self._receiver = receiver
        self._good = media.video(1.0)
        self._long = media.video(LONG_VIDEO_S)
        rng = random.Random(f"{seed} traffic")
        self._traffic = Traffic(system.urls, self._good, media.silent_video(1.0), rng, receiver)
        self._invariants = Invariants(system, receiver)
        self.schedule = schedule or PointSchedule(str(seed))
        self._dead_letters = 0

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[None]:
        """Keeps the webhook receiver running for the duration of the block."""
        async with self._receiver.listening():
            yield

    async def scenario(self, scenario: Scenario, times: int, quiet_within_s: float = QUIET_WITHIN_S) -> Row:
        """Injects a fault `times` times under traffic, then checks all uploads sent meanwhile."""
        row = Row(scenario.name)
        self._rounds[scenario.name] += 1
        faults, self._traffic.rng, sample = (
            self._dice(scenario, use) for use in ("faults", "traffic", "logs")
        )
        first, wrong = len(self._traffic.uploads), len(self._traffic.wrong_answers)
        broken_off = len(self._traffic.broken_off)
        context = ScenarioContext(self._system, self._messages, self._traffic, faults, self.schedule)
        self._traffic.urls = self._system.urls_over_links if scenario.over_links else self._system.urls
        watch = ReadinessMonitor(self._system)
        long_requests = LongRequests(
            self._system.urls, self._good, self._long, context.stops, has_long=scenario.has_long_requests
        )
        async with watch.watching():
            async with self._load(scenario, long_requests):
                for _ in range(times):
                    await self._inject(scenario, context, row, watch, long_requests)
                await self._inject_until_crossed(scenario, context, row, watch, long_requests)
            uploads = self._traffic.uploads[first:]
            await self._messages.stop_recording()
            self._dead_letters += row.injected * scenario.dead_letters
            findings = await self._invariants.check(uploads, self._dead_letters, quiet_within_s)
        findings.wrong += [*context.unmet, *self._traffic.wrong_answers[wrong:], *watch.wrong()]
        findings.wrong += await missing_log_lines(self._system, uploads, sample)
        unanswered = self._traffic.broken_off[broken_off:]
        findings.wrong += [each for each in unanswered if not scenario.may_break_off(each)]
        if scenario.is_graceful:
            findings.wrong += long_requests.broken_off
            row.uncovered += long_requests.uncovered
        findings.tolerated, repeated = context.tolerance.split(findings.repeated_mails)
        findings.duplicated += repeated
        row.accepted = sum(upload.id is not None for upload in uploads)
        row.findings.append(findings)
        return row

    @asynccontextmanager
    async def _load(self, scenario: Scenario, long_requests: LongRequests) -> AsyncIterator[None]:
        async with AsyncExitStack() as around:
            await around.enter_async_context(self._traffic.flowing(PEOPLE, PAUSE_S))
            if scenario.is_graceful:
                await around.enter_async_context(long_requests.flowing())
            yield

    async def _inject(
        self,
        scenario: Scenario,
        context: ScenarioContext,
        row: Row,
        watch: ReadinessMonitor,
        long_requests: LongRequests,
    ) -> None:
        """Injects the fault once and heals the system."""
        await context.pause(BEFORE_S)
        if scenario.is_graceful:
            await long_requests.underway()
        watch.is_calm = False
        row.tried += 1
        context.touched.clear()
        context.missed.clear()
        began, is_hit = time.time(), True
        try:
            is_hit = await scenario.inject(context)
            row.injected += is_hit
            row.missed += context.missed if is_hit else [*context.missed, scenario.name]
        except AssertionError as unmet:
            context.unmet.append(str(unmet))
        try:
            row.slowest_recovery_s = max(row.slowest_recovery_s, await self._heal())
        except AssertionError as unmet:
            context.unmet.append(str(unmet))
        if is_hit and (scenario.may_repeat_mails or any(map(may_repeat, context.touched))):
            context.tolerance.add(began, time.time())
        watch.is_calm = True

    async def _inject_until_crossed(
        self,
        scenario: Scenario,
        context: ScenarioContext,
        row: Row,
        watch: ReadinessMonitor,
        long_requests: LongRequests,
    ) -> None:
        """Adds stops until each long request was in progress at one."""
        for _ in range(MORE_STOPS if scenario.is_graceful else 0):
            await long_requests.settled()
            if not long_requests.lacking():
                return
            await self._inject(scenario, context, row, watch, long_requests)

    def _dice(self, scenario: Scenario, use: str) -> random.Random:
        return random.Random(f"{self._seed} {scenario.name} {self._rounds[scenario.name]} {use}")

    async def at_the_end(self) -> Row:
        """Checks all uploads of the run again for late notifications."""
        row = Row("long afterwards")
        row.findings.append(await self._invariants.check_again(self._traffic.uploads))
        return row

    async def _heal(self) -> float:
        """Heals the system; returns the seconds until all parts are ready and an upload is accepted."""
        started = time.monotonic()

        async def ready() -> bool:
            return await asyncio.to_thread(self._system.is_ready)

        async with supervised(self._system):
            await until(ready, timeout_s=READY_WITHIN_S, what="every part to be ready again")
            await self._traffic.one(Kind.GOOD)
        return time.monotonic() - started
