"""Scenario by scenario: break, heal, wait for quiet, check. The seed makes a run repeatable."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from devstack.settings import other_database
from devstack.stack import Stack
from tests.faults.deck import Deck
from tests.faults.disks import small_disk
from tests.faults.invariants import QUIET_WITHIN_S, Findings, Invariants
from tests.faults.lasting import Lasting
from tests.faults.messages import Messages
from tests.faults.proxy import Proxies
from tests.faults.readiness import Watch
from tests.faults.receiver import Receiver
from tests.faults.replica_set import ReplicaSet
from tests.faults.scenarios.stage import Scenario, Stage
from tests.faults.stories import untold
from tests.faults.traffic import Traffic
from tests.faults.world import QUICK, World
from tests.support.media import Media
from tests.support.wait import until

PEOPLE = 4
NOTHING: Mapping[str, str] = MappingProxyType({})
PAUSE_S = 0.6
# Both keep some room for themselves.
DISK_MIB = {"scratch": 1024, "mongo": 1536}
READY_WITHIN_S = 90.0
BEFORE_S = (0.2, 1.0)


@dataclass
class Row:
    """One line of the report. What could not be broken, or was not reached, is not injected."""

    scenario: str
    tried: int = 0
    injected: int = 0
    accepted: int = 0
    findings: list[Findings] = field(default_factory=list)
    slowest_recovery_s: float = 0.0

    def total(self, count: Callable[[Findings], int]) -> int:
        return sum(count(each) for each in self.findings)

    @property
    def problems(self) -> list[str]:
        return [problem for each in self.findings for problem in each.all]


@contextmanager
def running(
    folder: Path, *, three: bool = False, small_disks: bool = True, given: Mapping[str, str] = NOTHING
) -> Iterator[World]:
    """The whole system, ready, below `folder`; with `three`, on a set of three MongoDB servers."""
    folder.chmod(0o755)  # PostgreSQL runs as somebody else when we are root
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
        world = World(stack, proxies, folder / "points", disks=disks, members=members)
        world.begin()
        yield world


class Run:
    """Any number of scenarios on one world."""

    def __init__(self, world: World, folder: Path, seed: int) -> None:
        media = Media(folder)
        self._world = world
        self._dice = random.Random(seed)
        self._messages = Messages(world.stack.rabbitmq.url())
        receiver = Receiver(world.stack.ports["receiver"])
        self._receiver = receiver
        self._good = media.video(1.0)
        self._traffic = Traffic(world.urls, self._good, media.silent_video(1.0), self._dice, receiver)
        self._invariants = Invariants(world, receiver)
        self.deck = Deck(self._dice)
        self._dead_letters = 0

    @asynccontextmanager
    async def begun(self) -> AsyncIterator[None]:
        """Around everything else."""
        await self._messages.listen()
        async with self._receiver.listening():
            yield

    async def scenario(self, scenario: Scenario, times: int, quiet_within_s: float = QUIET_WITHIN_S) -> Row:
        """Breaks it `times` times while people go on working, then looks at everything that they sent."""
        row = Row(scenario.name)
        first, wrong = len(self._traffic.uploads), len(self._traffic.wrong_answers)
        broken_off = len(self._traffic.broken_off)
        stage = Stage(self._world, self._messages, self._traffic, self._dice, self.deck)
        self._traffic.urls = self._world.urls_over_links if scenario.over_links else self._world.urls
        late: list[str] = []
        watch, lasting = Watch(self._world), Lasting(self._world.urls, self._good)
        async with AsyncExitStack() as around:
            for each in (self._traffic.flowing(PEOPLE, PAUSE_S), watch.watching()):
                await around.enter_async_context(each)
            if scenario.is_graceful:
                await around.enter_async_context(lasting.flowing())
            for _ in range(times):
                await stage.some_time(BEFORE_S)
                row.tried += 1
                try:
                    row.injected += await scenario.break_it(stage)
                except AssertionError as unmet:
                    late.append(str(unmet))
                row.slowest_recovery_s = max(row.slowest_recovery_s, await self._heal())
        uploads = self._traffic.uploads[first:]
        self._dead_letters += row.injected * scenario.dead_letters
        findings = await self._invariants.check(uploads, self._dead_letters, quiet_within_s)
        findings.wrong += [*late, *self._traffic.wrong_answers[wrong:], *watch.wrong()]
        findings.wrong += await untold(self._world, uploads, self._dice)
        if scenario.is_graceful:
            findings.wrong += self._traffic.broken_off[broken_off:] + lasting.broken_off
        if not scenario.may_repeat_mails:
            findings.duplicated += findings.repeated_mails
        row.accepted = sum(upload.id is not None for upload in uploads)
        row.findings.append(findings)
        return row

    async def at_the_end(self) -> Row:
        """Once more at everything that was ever sent: what came late."""
        row = Row("long afterwards")
        row.findings.append(await self._invariants.check_again(self._traffic.uploads))
        return row

    async def _heal(self) -> float:
        """Seconds until every part says that it is ready, without anybody's help but a supervisor's."""
        started = time.monotonic()
        await asyncio.to_thread(self._world.revive)

        async def ready() -> bool:
            return await asyncio.to_thread(self._world.is_ready)

        await until(ready, timeout_s=READY_WITHIN_S, what="every part to be ready again")
        return time.monotonic() - started
