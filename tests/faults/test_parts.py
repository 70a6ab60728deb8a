"""Tests of the fault injection tools."""

import asyncio
import contextlib
import itertools
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devstack.ports import free_port
from shared.messaging.envelope import decode, unwrap
from shared.messaging.errors import BadMessage, MalformedEnvelope, UnknownEvent, UnknownVersion
from tests.faults.clock import Clock
from tests.faults.crashing_ffmpeg import CrashingFfmpeg
from tests.faults.fail_points import names
from tests.faults.faulty_system import WORKERS
from tests.faults.messages import Messages
from tests.faults.point_schedule import PointSchedule
from tests.faults.proxy import Link, LinkState, Proxies
from tests.faults.time_budget import TimeBudget
from tests.support.wait import PATIENCE_S, until

ROOT = Path(__file__).parents[2]
ASK = """
import sys, time
from pathlib import Path
from devstack.ports import free_port
from tests.faults.clock import Clock
Clock(Path(sys.argv[1])).install()
from datetime import UTC, datetime
now = datetime.now(UTC)
assert type(now) is datetime and now.tzinfo is UTC
print(time.time(), time.time_ns() / 1e9, now.timestamp(), datetime.now().timestamp(), time.monotonic())
"""


QUIETLY = ("-v", "error", "-f", "ffmetadata")


def _times(folder: Path) -> list[float]:
    """Returns the times that a separate process with a shifted clock reads."""
    done = subprocess.run(
        [sys.executable, "-c", ASK, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [float(each) for each in done.stdout.split()]


def test_a_shifted_clock_affects_the_wall_clock_only(
    tmp_path: Path,
) -> None:
    *before, steady = _times(tmp_path)
    Clock(tmp_path).shift(3600.0)
    *after, later = _times(tmp_path)
    assert {round((then - now) / 600) for now, then in zip(before, after, strict=True)} == {6}
    assert later - steady < 600


def test_ffmpeg_crashes_on_the_crashing_title_only(tmp_path: Path) -> None:
    poison = CrashingFfmpeg(tmp_path)
    poison.install()
    codes = []
    for title in ("a talk", "poison again"):
        metadata = tmp_path / "audio.metadata"
        metadata.write_text(f";FFMETADATA1\ntitle={title}\n")
        command = [str(tmp_path / "ffmpeg"), *QUIETLY, "-i", f"file:{metadata}", "-f", "ffmetadata", "-"]
        codes.append(subprocess.run(command, capture_output=True, timeout=60, check=False).returncode)
    assert codes == [0, -signal.SIGSEGV]


def test_a_slow_machine_runs_every_scenario_less_often() -> None:
    now = 0.0
    budget = TimeBudget(1.0, planned=30, clock=lambda: now)
    done = []
    for wanted in (10, 10, 9, 1):
        done.append(budget.times(wanted))
        now += 3.0 * done[-1]
        budget.note(wanted, done[-1])
    assert done == [10, 5, 4, 1]
    assert now <= 61


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        await writer.wait_closed()


async def test_a_mail_whose_reply_is_cut_off_arrives_and_its_connection_closes() -> None:
    heard: list[bytes] = []
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionResetError):
            while line := await reader.readline():
                heard.append(line)
                writer.write(b"heard\r\n")
        await _closed(writer)
        over.set()

    proxies = Proxies()
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        link = proxies.link("a>b", free_port(), server.sockets[0].getsockname()[1])
        link.turn(LinkState.UNANSWERED)
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        async with asyncio.timeout(10):
            writer.write(b"DATA\r\n")
            assert await reader.readline() == b"heard\r\n"
            writer.write(b"A mail.\r\n.\r\n")
            with contextlib.suppress(ConnectionResetError):
                assert await reader.read() == b""
        await _closed(writer)
        await until(lambda: link.unanswered == 1)
        assert b".\r\n" in heard
        proxies.close()
        await asyncio.wait_for(over.wait(), PATIENCE_S)


def test_each_fail_point_of_a_role_comes_up_before_any_is_repeated() -> None:
    schedule = PointSchedule("1")
    every = names("worker")
    drawn = [
        schedule.draw(name, "SIGKILL") for name in itertools.islice(itertools.cycle(WORKERS), len(every))
    ]
    assert sorted(drawn) == sorted(every)


def test_a_fail_point_that_was_not_hit_is_repeated_and_reported_until_hit() -> None:
    schedule = PointSchedule("1")
    point = schedule.draw("auth", "SIGTERM")
    schedule.note("auth", "SIGTERM", point, is_hit=False)
    assert schedule.armed == 1
    assert schedule.never_reached == sorted(f"auth SIGTERM {each}" for each in names("auth"))
    assert point in [schedule.draw("auth", "SIGTERM") for _ in names("auth")]
    schedule.note("auth", "SIGTERM", point, is_hit=True)
    assert schedule.armed == 2
    assert f"auth SIGTERM {point}" not in schedule.never_reached


def test_the_order_of_one_process_is_independent_of_others() -> None:
    alone, after_others = PointSchedule("1"), PointSchedule("1")
    for name in ("worker", "gateway", "auth"):
        after_others.draw(name, "SIGKILL")
    drawn = [[schedule.draw("worker-2", "SIGKILL") for _ in range(25)] for schedule in (alone, after_others)]
    assert drawn[0] == drawn[1]


def test_every_malformed_message_has_exactly_its_named_defect() -> None:
    wrong: dict[str, set[type[Exception]]] = {}
    for (_, what), body in Messages.MALFORMED.items():
        with pytest.raises(BadMessage) as raised:
            unwrap(decode(body))
        wrong.setdefault(what, set()).add(raised.type)
    assert wrong == {
        "no JSON": {MalformedEnvelope},
        "no envelope": {MalformedEnvelope},
        "unknown type": {UnknownEvent},
        "another version": {UnknownVersion},
    }


@contextlib.asynccontextmanager
async def linked() -> AsyncIterator[tuple[Link, asyncio.StreamReader, asyncio.StreamWriter]]:
    """A link to a server that echoes, and one connection over it that has been used."""

    ended = asyncio.Event()

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while piece := await reader.read(100):
                writer.write(piece)
        await _closed(writer)
        ended.set()

    proxies = Proxies()
    async with await asyncio.start_server(echo, "127.0.0.1", 0) as server:
        link = proxies.link("a>b", free_port(), server.sockets[0].getsockname()[1])
        reader, writer = await asyncio.open_connection("127.0.0.1", link.port)
        try:
            async with asyncio.timeout(PATIENCE_S):
                writer.write(b"once")
                assert await reader.readexactly(4) == b"once"
                yield link, reader, writer
        finally:
            link.turn(LinkState.FAIR)
            await _closed(writer)
            await asyncio.wait_for(ended.wait(), PATIENCE_S)
            await asyncio.to_thread(proxies.close)


@pytest.mark.parametrize("state", [each for each in LinkState if each.is_fault])
async def test_a_link_counts_a_fault_only_if_something_met_it(state: LinkState) -> None:
    async with linked() as (link, _, writer):
        if state is not LinkState.CUT:  # which resets what is open
            link.turn(state)
            link.turn(LinkState.FAIR)
            assert link.hits == 0
        link.turn(state)
        writer.write(b"again")
        await until(lambda: link.hits > 0, what="the fault is met")


async def test_a_deaf_link_counts_only_responses() -> None:
    async with linked() as (link, reader, writer):
        link.turn(LinkState.DEAF)
        writer.write(b"x" * 100)
        await until(lambda: link.hits == 1, what="the response is held back")
        link.turn(LinkState.FAIR)
        assert await reader.readexactly(100)
        assert link.hits == 1


async def test_a_cut_link_without_connections_is_met_by_an_attempt_to_connect() -> None:
    async with linked() as (link, _, writer):
        await _closed(writer)
        await until(lambda: not link._open, what="the connection is closed")
        link.turn(LinkState.CUT)
        assert link.hits == 0
        with contextlib.suppress(OSError):
            _, again = await asyncio.open_connection("127.0.0.1", link.port)
            await _closed(again)
        await until(lambda: link.hits == 1, what="the attempt is counted")
