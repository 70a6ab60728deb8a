"""Replicas of notification_service with fail points, and their stops by SIGTERM."""

import asyncio
import contextlib
import itertools
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

from devstack.process import launch
from devstack.service import Service
from devstack.stack import Stack
from notification_service.app import HANDOVER
from tests.faults.fail_points import FailPoints
from tests.faults.stops.outages import Links, Outage
from tests.faults.stops.points import PointOrder, unrecorded
from tests.faults.template import Template
from tests.support.wait import until

REPLICAS = ("notification", "notification-2")
# Every second stop is at a random moment, the others are at fail points in turn.
MOMENT_S = (0.0, 0.8)
# The relay of the outbox looks for events every five seconds.
HIT_WITHIN_S = 8.0
# Two calls of MongoDB can fail before a record is handed on, the second one after four seconds.
HANDED_ON_WITHIN_S = 15.0
# A stop in so many comes after the process has lived for long enough to take claims over. The number is odd,
# so that every second one of them is at a fail point.
LONG_LIFE_EVERY, LONG_LIFE_FIRST = 9, 4
TAKEOVER_S = (0.0, 5.0)
ENDED_WITHIN_S = 60.0
AGAIN_S = (0.0, 0.3)
TERM = signal.SIGTERM


class Notifiers:
    """Two replicas; `hits` counts the stops at each fail point, `problems` lists unclean exits."""

    def __init__(
        self,
        stack: Stack,
        folder: Path,
        settings: Mapping[str, str],
        rng: random.Random,
        links: Links,
        outages: Sequence[Outage],
    ) -> None:
        self._stack, self._folder, self._rng, self._links = stack, folder, rng, links
        self._template = Template()
        self._outages = itertools.cycle(outages)
        self.struck: Counter[Outage] = Counter()
        self._points = PointOrder(rng)
        self.hits: Counter[str] = Counter()
        self.moments = self.long_lives = 0
        self.problems: list[str] = []
        self.slowest_s = 0.0
        for name in REPLICAS:
            overrides = {**settings, **links.settings(name), "FAULTS_FOLDER": str(folder / name)}
            self._template.forks(self._stack.service(name)).configure(overrides)

    async def start(self) -> None:
        await asyncio.to_thread(self._stack.start, *REPLICAS)

    async def end(self) -> None:
        try:
            for name in REPLICAS:
                self._stack.service(name).process.launcher = launch
                await asyncio.to_thread(self._stack.service(name).stop)
        finally:
            await asyncio.to_thread(self._template.close)

    async def stop_repeatedly(self, count: int) -> None:
        """Stops and restarts the replicas `count` times in total, independently of each other."""
        async with asyncio.TaskGroup() as tasks:
            for place, name in enumerate(REPLICAS):
                times = count // len(REPLICAS) + (place < count % len(REPLICAS))
                tasks.create_task(self._stop_each(self._stack.service(name), times))

    async def _stop_each(self, service: Service, times: int) -> None:
        for number in range(times):
            outage = next(self._outages)
            if number % LONG_LIFE_EVERY == LONG_LIFE_FIRST:
                await asyncio.sleep(HANDOVER.total_seconds() + self._rng.uniform(*TAKEOVER_S))
                self.long_lives += 1
            await (self._at_a_moment(service, outage) if number % 2 else self._at_a_point(service, outage))
            await self._links.start(service, outage, self._rng)
            self.struck[outage] += 1

    async def _at_a_moment(self, service: Service, outage: Outage) -> None:
        await asyncio.sleep(self._rng.uniform(*MOMENT_S))
        service.process.send(TERM)
        self.moments += 1
        await self._links.strike(service.name, outage)
        await self._ended(service, "a random moment")

    async def _at_a_point(self, service: Service, outage: Outage) -> None:
        point = self._points.draw(outage)
        points = FailPoints(self._folder / service.name / "notification")
        earlier = unrecorded(point)
        if earlier and await self._is_hit(points, earlier, signal.SIGSTOP):
            await self._links.strike(service.name, outage)
            await until(lambda: _is_suspended(service), what=f"{service.name} is suspended")
            service.process.send(signal.SIGCONT)
        within_s = HANDED_ON_WITHIN_S if earlier else HIT_WITHIN_S
        if await self._is_hit(points, point, TERM, within_s):
            self.hits[point] += 1
        else:
            self._points.put_back(point, outage)
            service.process.send(TERM)
            self.moments += 1
        await self._links.strike(service.name, outage)
        await self._ended(service, point)

    async def _is_hit(
        self, points: FailPoints, point: str, signum: signal.Signals, within_s: float = HIT_WITHIN_S
    ) -> bool:
        """Arms a point, and waits until it is hit; disarms one that is not."""
        points.arm(point, signum)
        with contextlib.suppress(AssertionError):
            await until(lambda: points.is_hit(point), timeout_s=within_s)
        return not points.disarm(point)

    async def _ended(self, service: Service, where: str) -> None:
        """Waits for a clean exit; half of the processes get a second SIGTERM meanwhile."""
        began = time.monotonic()
        if self._rng.random() < 0.5:
            await asyncio.sleep(self._rng.uniform(*AGAIN_S))
            service.process.send(TERM)
        await until(lambda: not service.alive, timeout_s=ENDED_WITHIN_S, what=f"the end of {service.name}")
        self.slowest_s = max(self.slowest_s, time.monotonic() - began)
        if (code := service.process.exit_code) != 0:
            self.problems.append(f"{service.name}, stopped at {where}, ended with {code}")


def _is_suspended(service: Service) -> bool:
    return psutil.Process(service.process.pid).status() == psutil.STATUS_STOPPED
