"""`python -m tests.faults.soak [--minutes N]`: as much as this machine holds for a while; does anything grow?

People upload, wait for the audio, download it and begin again without a pause, so the machine is as busy as
it can be and no queue grows by itself. What each process holds is looked at all along; a table compares the
first quarter of the time (after warming up) with the last.
"""

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pymongo import MongoClient

from devstack.daemon import Daemon
from devstack.family import family
from devstack.stack import Stack
from tests.faults.invariants import Invariants
from tests.faults.receiver import Receiver
from tests.faults.run import running
from tests.faults.traffic import Traffic
from tests.faults.world import SERVICES, World
from tests.support.media import Media
from tests.support.system import Document

LOOK_EVERY_S = 10.0
WARM_UP = 0.2


@dataclass(frozen=True)
class Sample:
    """What one process and all that it started holds at a moment."""

    memory_mib: float
    descriptors: float
    connections: float
    threads: float


class Ledger:
    """Samples by process, in the order in which they were taken."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self.samples: dict[str, list[Sample]] = {name: [] for name in SERVICES}
        self.waiting: list[int] = []

    async def keep(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await asyncio.to_thread(self._look)

    def _look(self) -> None:
        for name in SERVICES:
            self.samples[name].append(held_by(self._stack.service(name)))
        with MongoClient[Document](self._stack.mongo.url()) as client:
            queued = {"status": {"$in": ["queued", "converting"]}}
            self.waiting.append(client["tonegate"]["conversions"].count_documents(queued))


def held_by(service: Daemon) -> Sample:
    """ffmpeg comes and goes: only the service itself counts."""
    process = family(service.process.pid)[0]
    with process.oneshot():
        memory = process.memory_full_info().uss / 2**20
        return Sample(
            memory, process.num_fds(), len(process.net_connections(kind="tcp")), process.num_threads()
        )


def quarters(values: list[float]) -> tuple[float, float]:
    """The median of the first quarter after warming up, and of the last."""
    warm = values[int(len(values) * WARM_UP) :]
    quarter = max(1, len(warm) // 4)
    return statistics.median(warm[:quarter]), statistics.median(warm[-quarter:])


def table(ledger: Ledger) -> Iterator[str]:
    yield "| process | memory, MiB | descriptors | connections | threads |"
    yield "|---|--:|--:|--:|--:|"
    for name, samples in ledger.samples.items():
        columns: Mapping[str, list[float]] = {
            field: [getattr(sample, field) for sample in samples]
            for field in ("memory_mib", "descriptors", "connections", "threads")
        }
        cells = [f"{first:.0f} → {last:.0f}" for first, last in map(quarters, columns.values())]
        yield f"| {name} | {' | '.join(cells)} |"
    first, last = quarters([float(count) for count in ledger.waiting])
    yield f"\nwaiting or running conversions: {first:.0f} → {last:.0f}"


async def soak(world: World, folder: Path, minutes: float, people: int) -> int:
    media = Media(folder)
    receiver = Receiver(world.stack.ports["receiver"])
    good, bad = media.video(1.0), media.silent_video(1.0)
    traffic = Traffic(world.urls, good, bad, random.Random(1), receiver)
    ledger, began = Ledger(world.stack), time.monotonic()
    async with receiver.listening(), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(ledger.keep())
        async with traffic.flowing(people, pause_s=0.0, one_at_a_time=True):
            await asyncio.sleep(60 * minutes)
        keeping.cancel()
        took_s = time.monotonic() - began
        findings = await Invariants(world, receiver).check(traffic.uploads)
    print(*table(ledger), sep="\n")
    ended = f"{findings.completed} completed, {findings.failed} failed as they should"
    print(f"{len(traffic.uploads)} uploads in {took_s:.0f} s: {ended}")
    problems = [*findings.all, *findings.repeated_mails, *traffic.wrong_answers]
    print(*(problems or ["nothing was lost, nothing came twice"]), sep="\n")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--people", type=int, default=6)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tonegate-soak-", ignore_cleanup_errors=True) as path:
        folder = Path(path)
        with running(folder) as world:
            return asyncio.run(soak(world, folder, options.minutes, options.people))


if __name__ == "__main__":
    sys.exit(main())
