"""Backlog test, `python -m tests.faults.backlog`: fills the queue to CONVERTER_MAX_QUEUED without workers.

Then starts the workers. Reports memory of each process when idle, half full, full and drained; the order in
which conversions start within an account; the shares of accounts when one has sent nearly everything; and
whether each conversion has its mail. All uploads are the same video with the same options, so most results
are copied: the test measures the queue, not ffmpeg.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import httpx
from pymongo import MongoClient

from tests.faults import termination
from tests.faults.faulty_system import FaultySystem
from tests.faults.run import running
from tests.faults.soak import held_by
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.system import Document
from tests.support.wait import until

IDLE = ("worker", "worker-2")
WATCHED = ("gateway", "auth", "converter", "notification")
# Two workers with two runs each: so many conversions may start before an earlier one.
OVERTAKEN_AT_MOST = 4
STANDSTILL_S = 60.0
MAY_GROW_MIB = 24
AT_ONCE = 8
OTHERS = 2
OF_EACH_OTHER = 20
FIRST = 30


async def backlog(system: FaultySystem, video: bytes, bound: int) -> list[str]:
    """Returns a message for each expectation that failed."""
    for name in IDLE:
        await asyncio.to_thread(system.stop, name)
    async with httpx.AsyncClient(base_url=system.url, timeout=30) as http:
        crowd = [await signed_in(http) for _ in range(1 + OTHERS)]
        before = _memory(system)
        print("memory, MiB:", before, _of_servers(system))
        began = time.monotonic()
        await _fill(crowd[0], video, bound // 2)
        print(f"after {bound // 2}:", _memory(system))
        await _fill(crowd[0], video, bound - bound // 2 - OTHERS * OF_EACH_OTHER)
        for other in crowd[1:]:
            await _fill(other, video, OF_EACH_OTHER)
        rate = bound / (time.monotonic() - began)
        refused = await _send(crowd[0], video)
        full = _memory(system)
        print(f"after {bound}, {rate:.0f} a second:", full, _of_servers(system))
        problems = _refusal(refused) + _grown(before, full)
        await asyncio.to_thread(system.start, *IDLE)
        began = time.monotonic()
        await _drained(system, bound)
        rate = bound / (time.monotonic() - began)
        done = _memory(system, (*WATCHED, *IDLE))
        print(f"all done, {rate:.0f} a second:", done, _of_servers(system))
        problems += _grown(before, done)
        return problems + _served_in_turn(_begun(system), crowd) + await _told(system, bound)


async def _fill(person: Person, video: bytes, count: int) -> None:
    left = iter(range(count))

    async def send() -> None:
        for _ in left:
            (await _send(person, video)).raise_for_status()

    async with asyncio.TaskGroup() as tasks:
        for _ in range(AT_ONCE):
            tasks.create_task(send())


async def _send(person: Person, video: bytes) -> httpx.Response:
    return await person.upload_raw(video)


def _refusal(answer: httpx.Response) -> list[str]:
    refusal = (answer.status_code, "retry-after" in answer.headers)
    print("one more:", answer.status_code, answer.json()["code"], answer.headers.get("retry-after"))
    return [] if refusal == (503, True) else [f"one more was answered with {answer.status_code}"]


def _begun(system: FaultySystem) -> list[Document]:
    """Returns all completed conversions, in the order in which they started."""
    with MongoClient[Document](system.mongo_url) as client:
        done = client["tonegate"]["conversions"].find({"status": "completed"}, {"recipient": 1})
        return list(done.sort("started_at"))


async def _drained(system: FaultySystem, bound: int) -> None:
    """Waits until the queue is empty; the timeout applies to each hundred conversions."""
    done = 0
    while done < bound:
        more = partial(_are_begun, system, min(bound, done + 100))
        await until(more, timeout_s=STANDSTILL_S, what=f"more than {done} of {bound} to be done")
        done = len(_begun(system))


def _are_begun(system: FaultySystem, count: int) -> bool:
    return len(_begun(system)) >= count


def _served_in_turn(begun: list[Document], crowd: list[Person]) -> list[str]:
    """Checks that each account's oldest starts first and that no account waits for another."""
    shares = Counter(str(each["recipient"]) for each in begun[:FIRST])
    print(f"of the first {FIRST} begun:", [shares[person.email] for person in crowd])
    problems = []
    for person in crowd:
        own = [each["_id"] for each in begun if each["recipient"] == person.email]
        places = {identity: place for place, identity in enumerate(sorted(own))}
        furthest = max(abs(place - places[identity]) for place, identity in enumerate(own))
        print(f"furthest out of order, of {len(own)}: {furthest}")
        if furthest > OVERTAKEN_AT_MOST:
            problems.append(f"one was begun {furthest} places out of order")
        if shares[person.email] < FIRST // len(crowd) - 3:
            problems.append("an account had to wait for another")
    return problems


async def _told(system: FaultySystem, bound: int) -> list[str]:
    """Waits for one mail per conversion."""
    sent = system.stack.mail.directory

    def count() -> int:
        return sum(1 for _ in sent.glob("*.eml"))

    try:
        await until(lambda: count() >= bound, timeout_s=10 * STANDSTILL_S, what="every mail to be sent")
    except AssertionError as late:
        return [str(late)]
    return []


def _memory(system: FaultySystem, names: Sequence[str] = WATCHED) -> Mapping[str, int]:
    return {name: round(held_by(system.stack.service(name)).memory_mib) for name in names}


def _of_servers(system: FaultySystem) -> Mapping[str, int]:
    """Memory of the servers; reported only, because they manage caches of their own."""
    servers = (system.stack.mongo, system.stack.rabbitmq)
    return {server.name: round(held_by(server).memory_mib) for server in servers}


def _grown(before: Mapping[str, int], after: Mapping[str, int]) -> list[str]:
    grown = {name: after[name] - mib for name, mib in before.items()}
    return [f"{name} holds {more} MiB more" for name, more in grown.items() if more > MAY_GROW_MIB]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.backlog", description=__doc__)
    parser.add_argument("--bound", type=int, default=10_000, help="CONVERTER_MAX_QUEUED")
    options = parser.parse_args()
    termination.exit_on_sigterm()
    with tempfile.TemporaryDirectory(prefix="tonegate-backlog-", ignore_cleanup_errors=True) as path:
        folder = Path(path)
        given = {"CONVERTER_MAX_QUEUED": str(options.bound), "GATEWAY_RATE_LIMIT_UPLOAD": "1000000/hour"}
        with running(folder, small_disks=False, given=given) as system:
            video = Media(folder).video(1.0).read_bytes()
            problems = asyncio.run(backlog(system, video, options.bound))
    print(*(problems or ["as it should be"]), sep="\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
