"""Time for a page of an account with 100,000 conversions, against one with 100: first, deep, by status."""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from msgspec.structs import replace

from bench.system import SETTINGS
from converter_service.conversions.model import Conversion, Result, Source, State
from converter_service.storage.conversions import MongoConversions
from devstack.stack import Stack
from shared.clock import utc_now
from shared.mongo import connect, database_of
from shared.settings import Secret

SMALL, LARGE = 100, 100_000
ROUNDS = 300
PAGE = 21
OWNER = "owner"
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
STATES = (State.COMPLETED, State.COMPLETED, State.COMPLETED, State.FAILED, State.CANCELLED)

Page = Callable[[MongoConversions], Awaitable[object]]


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        with Stack(Path(path), SETTINGS) as stack:
            stack.start("mongo")
            asyncio.run(measured(stack.mongo.url("bench_small"), stack.mongo.url("bench_large")))


async def measured(small_url: str, large_url: str) -> None:
    async with connect(Secret(small_url)) as one, connect(Secret(large_url)) as other:
        stores = []
        for client, count in ((one, SMALL), (other, LARGE)):
            store = MongoConversions(database_of(client), utc_now)
            await store.prepare()
            await filled(store, count)
            stores.append(store)
        for what, small_page, large_page in (
            ("first page", page(None, None), page(None, None)),
            ("deep page", page(None, SMALL // 2), page(None, LARGE // 2)),
            ("one status", page(State.FAILED, None), page(State.FAILED, None)),
            ("one status, deep", page(State.FAILED, SMALL // 2), page(State.FAILED, LARGE // 2)),
            ("a status that none has", page(State.QUEUED, None), page(State.QUEUED, None)),
        ):
            small, large = await in_turns(stores[0], small_page, stores[1], large_page)
            ratio = large / small
            print(f"listing: {what}: {large:.2f} ms of {LARGE:,}, {small:.2f} ms of {SMALL}: {ratio:.2f}")


def page(status: State | None, before: int | None) -> Page:
    cursor = None if before is None else identity(before)
    return lambda store: store.page(OWNER, status, cursor, PAGE)


async def in_turns(
    small: MongoConversions, small_page: Page, large: MongoConversions, large_page: Page
) -> tuple[float, float]:
    """Returns medians in milliseconds; alternates, so that both see the same load."""
    taken: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for times, store, ask in ((taken[0], small, small_page), (taken[1], large, large_page)):
            began = time.perf_counter()
            await ask(store)
            times.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken[0]), statistics.median(taken[1])


async def filled(store: MongoConversions, count: int) -> None:
    for start in range(0, count, 50):
        await asyncio.gather(
            *(store.add(conversion(number)) for number in range(start, min(start + 50, count)))
        )


def conversion(number: int) -> Conversion:
    at = BEGAN + timedelta(seconds=number)
    status = STATES[number % len(STATES)]
    source = Source(
        filename=f"talk {number}.mp4",
        size=123_456_789,
        sha256=os.urandom(32).hex(),
        duration=61.3,
        container="mp4",
        audio_codec="aac",
    )
    made = Conversion(
        id=identity(number),
        owner_id=OWNER,
        recipient="ada@example.org",
        status=status,
        source=source,
        source_blob=os.urandom(16).hex(),
        created_at=at,
        due_at=at,
        options={"format": "mp3", "bitrate": "192k"},
        started_at=at,
        finished_at=at,
        expires_at=at,
    )
    if status is not State.COMPLETED:
        return made
    result = Result(size=1_000_000, duration=61.3, format="mp3", bitrate=192_000, sha256=os.urandom(32).hex())
    return replace(made, result=result, audio_blob=os.urandom(16).hex(), progress=1.0)


def identity(number: int) -> str:
    return f"{number:032x}"


if __name__ == "__main__":
    main()
