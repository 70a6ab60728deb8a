"""Soak test, `python -m tests.faults.soak [--minutes N]`: full load for a while; reports what grows.

Each person uploads, waits for the audio, downloads it and starts again without a pause, so no queue grows by
itself. A table compares memory, descriptors, connections and threads of each process in the first quarter of
the time, after a warm-up, with the last.
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
from devstack.process_tree import process_tree
from tests.faults import termination
from tests.faults.faulty_system import SERVICES, FaultySystem
from tests.faults.invariants import Invariants
from tests.faults.run import running
from tests.faults.traffic import Traffic
from tests.faults.webhook_receiver import Receiver
from tests.support.media import Media
from tests.support.system import Document

SAMPLE_EVERY_S = 10.0
WARM_UP = 0.2


@dataclass(frozen=True)
class Sample:
    """Resources of one process at a moment."""

    memory_mib: float
    descriptors: float
    connections: float
    threads: float


# Tolerated growth from the first quarter to the last: allocators and pools fluctuate. A leak of one per
# request would be a hundred times that.
MAY_GROW: Mapping[str, float] = {"memory_mib": 12.0, "descriptors": 12.0, "connections": 12.0, "threads": 4.0}
MAY_QUEUE_MORE = 6.0


class Ledger:
    """Samples by process, in order of time."""

    def __init__(self, system: FaultySystem) -> None:
        self._system = system
        self.samples: dict[str, list[Sample]] = {name: [] for name in SERVICES}
        self.waiting: list[float] = []
        self.messages: list[float] = []

    async def keep(self) -> None:
        """Takes samples until cancelled."""
        while True:
            await asyncio.sleep(SAMPLE_EVERY_S)
            await asyncio.to_thread(self._sample)

    def _sample(self) -> None:
        for name in SERVICES:
            self.samples[name].append(held_by(self._system.stack.service(name)))
        self.messages.append(self._system.messages())
        with MongoClient[Document](self._system.mongo_url) as client:
            queued = {"status": {"$in": ["queued", "converting"]}}
            self.waiting.append(client["tonegate"]["conversions"].count_documents(queued))


def held_by(service: Daemon) -> Sample:
    """Samples the service itself, without child processes such as ffmpeg."""
    process = process_tree(service.process.pid)[0]
    with process.oneshot():
        memory = process.memory_full_info().uss / 2**20
        return Sample(
            memory, process.num_fds(), len(process.net_connections(kind="tcp")), process.num_threads()
        )


def quarters(values: list[float]) -> tuple[float, float]:
    """Returns the medians of the first quarter after the warm-up and of the last quarter."""
    warm = values[int(len(values) * WARM_UP) :]
    quarter = max(1, len(warm) // 4)
    return statistics.median(warm[:quarter]), statistics.median(warm[-quarter:])


def columns(samples: list[Sample]) -> Mapping[str, tuple[float, float]]:
    """Returns first and last medians of each resource."""
    return {field: quarters([getattr(sample, field) for sample in samples]) for field in MAY_GROW}


def table(ledger: Ledger) -> Iterator[str]:
    yield "| process | memory, MiB | descriptors | connections | threads |"
    yield "|---|--:|--:|--:|--:|"
    for name, samples in ledger.samples.items():
        cells = [f"{first:.0f} → {last:.0f}" for first, last in columns(samples).values()]
        yield f"| {name} | {' | '.join(cells)} |"
    for what, counts in queues(ledger).items():
        first, last = quarters(counts)
        yield f"\n{what}: {first:.0f} → {last:.0f}, {max(counts):.0f} at most"


def queues(ledger: Ledger) -> Mapping[str, list[float]]:
    return {"conversions waiting or running": ledger.waiting, "messages in all queues": ledger.messages}


def grown(ledger: Ledger) -> Iterator[str]:
    """Yields a message for each resource and queue that grew beyond its tolerance."""
    for name, samples in ledger.samples.items():
        for field, (first, last) in columns(samples).items():
            if last - first > MAY_GROW[field]:
                yield f"{name}: {field} grew from {first:.0f} to {last:.0f}"
    for what, counts in queues(ledger).items():
        first, last = quarters(counts)
        if last - first > MAY_QUEUE_MORE:
            yield f"{what} grew from {first:.0f} to {last:.0f}"


async def soak(system: FaultySystem, folder: Path, minutes: float, people: int) -> int:
    media = Media(folder)
    receiver = Receiver(system.stack.ports["receiver"])
    good, bad = media.video(1.0), media.silent_video(1.0)
    traffic = Traffic(system.urls, good, bad, random.Random(1), receiver)
    ledger, began = Ledger(system), time.monotonic()
    async with receiver.listening(), asyncio.TaskGroup() as tasks:
        keeping = tasks.create_task(ledger.keep())
        async with traffic.flowing(people, pause_s=0.0, one_at_a_time=True):
            await asyncio.sleep(60 * minutes)
        keeping.cancel()
        took_s = time.monotonic() - began
        findings = await Invariants(system, receiver).check(traffic.uploads)
    print(*table(ledger), sep="\n")
    ended = f"{findings.completed} completed, {findings.failed} failed as they should"
    print(f"{len(traffic.uploads)} uploads in {took_s:.0f} s: {ended}")
    problems = [
        *findings.all,
        *(f"{each}: {repeat}" for each, repeat in findings.repeated_mails),
        *traffic.wrong_answers,
        *grown(ledger),
    ]
    print(*(problems or ["nothing was lost, nothing came twice"]), sep="\n")
    return 1 if problems else 0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--people", type=int, default=6)
    options = parser.parse_args()
    termination.exit_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="tonegate-soak-", ignore_cleanup_errors=True) as path:
        folder = Path(path)
        with running(folder, small_disks=False) as system:
            return asyncio.run(soak(system, folder, options.minutes, options.people))


if __name__ == "__main__":
    sys.exit(main())
