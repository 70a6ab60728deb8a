"""What ffmpeg may not do, and that it is gone when nobody wants it any more."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from converter_service.adapters.contained import Limits, TooMuchOutput, bonds, contained
from converter_service.adapters.ffmpeg import find_tools
from converter_service.options import parse
from converter_service.transcoding import Fault, MediaError, TranscoderUnavailable
from tests.support import hostile
from tests.support.media import Media
from tests.support.transcoding import Workplace
from tests.support.wait import until

LIMITS = Limits(cpu_s=60, memory_bytes=1024**3, file_bytes=1024**2)
SHELL = "/bin/sh"
HOURS = 11.0


@pytest.fixture
async def tied() -> None:
    """Skips where the kernel has neither seccomp nor Landlock."""
    held = await bonds()
    if missing := [name for name, holds in held.items() if not holds]:
        pytest.skip(f"this machine does not offer: {missing}")


async def fails_with(fault: Fault, workplace: Workplace, file: Path) -> None:
    with pytest.raises(MediaError) as failed:
        await workplace.convert(file)
    assert failed.value.code is fault
    assert not workplace.result.exists()
    assert workplace.programs() == []


async def test_a_conversion_out_of_time_is_killed_with_its_group(
    workplace: Workplace, tmp_path: Path
) -> None:
    workplace.limited(job_timeout=1.0)
    await fails_with(Fault.TIMED_OUT, workplace, hostile.endless_wav(tmp_path / "long.wav", HOURS))


async def test_a_program_that_makes_nothing_is_not_waited_for(workplace: Workplace, tmp_path: Path) -> None:
    workplace.limited(stall_timeout=0.0)
    await fails_with(Fault.TIMED_OUT, workplace, hostile.endless_wav(tmp_path / "long.wav", HOURS))


async def test_a_cancelled_conversion_leaves_no_program_and_no_result(
    workplace: Workplace, tmp_path: Path
) -> None:
    long = hostile.endless_wav(tmp_path / "long.wav", HOURS)
    converting = asyncio.create_task(workplace.convert(long))
    await until(workplace.result.exists, what="a beginning")
    converting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await converting
    assert workplace.programs() == []
    assert not workplace.result.exists()


async def test_a_failure_to_tell_progress_stops_the_conversion(workplace: Workplace, tmp_path: Path) -> None:
    class Lost(Exception):
        pass

    async def lose(_: float) -> None:
        raise Lost

    info = await workplace.probe(hostile.endless_wav(tmp_path / "long.wav", HOURS))
    with pytest.raises(Lost):
        await workplace.transcoder.convert(workplace.source, info, parse({}), workplace.result, lose)
    assert workplace.programs() == []
    assert not workplace.result.exists()


async def test_being_killed_from_outside_is_not_the_files_fault(workplace: Workplace, tmp_path: Path) -> None:
    converting = asyncio.create_task(workplace.convert(hostile.endless_wav(tmp_path / "long.wav", HOURS)))
    await until(workplace.result.exists, what="a beginning")
    for process in workplace.programs():
        process.kill()
    with pytest.raises(TranscoderUnavailable):
        await converting


async def test_a_polite_stop_from_outside_is_no_success(workplace: Workplace, tmp_path: Path) -> None:
    converting = asyncio.create_task(workplace.convert(hostile.endless_wav(tmp_path / "long.wav", HOURS)))
    await until(workplace.result.exists, what="a beginning")
    for process in workplace.programs():
        process.terminate()
    with pytest.raises(TranscoderUnavailable):
        await converting


async def test_a_result_that_grows_past_its_limit_is_stopped(workplace: Workplace, media: Media) -> None:
    workplace.limited(max_result_bytes=20_000)
    await fails_with(Fault.TOO_LONG, workplace, media.audio(4.0))


async def test_too_little_memory_ends_the_conversion_and_nothing_else(
    workplace: Workplace, media: Media
) -> None:
    workplace.limited(memory_bytes=16 * 1024**2)
    with pytest.raises((TranscoderUnavailable, MediaError)):
        await workplace.convert(media.audio(1.0))
    assert workplace.programs() == []


async def test_memory_is_bounded(tmp_path: Path, tied: None) -> None:
    limits = Limits(cpu_s=20, memory_bytes=128 * 1024**2, file_bytes=1024)
    hungry = [SHELL, "-c", "head -c 1000000000 /dev/zero | tail -c 999999999 > /dev/null"]
    async with contained(hungry, limits, scratch=tmp_path) as running:
        ended = await running.ended()
    assert ended.code != 0


async def test_the_network_is_out_of_reach_even_for_ffmpeg_itself(tmp_path: Path, tied: None) -> None:
    came: list[object] = []

    async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        writer.close()

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ffmpeg = find_tools(threads=1).ffmpeg
    command = [ffmpeg, "-nostdin", "-i", f"tcp://127.0.0.1:{port}", "-f", "null", "-"]
    where = [Path(ffmpeg).parent]
    async with server, contained(command, LIMITS, readable=where, scratch=tmp_path) as running:
        ended = await running.ended()
    assert ended.code != 0
    assert "not permitted" in ended.stderr
    assert came == []


async def test_files_outside_the_scratch_directory_are_out_of_reach(
    workplace: Workplace, tmp_path: Path, tied: None
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("password")
    for command in (f"cat {secret}", "cat /etc/passwd", f"cat /proc/{os.getpid()}/environ", f": > {secret}"):
        async with contained([SHELL, "-c", command], LIMITS, scratch=workplace.scratch) as running:
            output = await running.output(1024**2)
            ended = await running.ended()
        assert ended.code != 0
        assert output == b""
    assert secret.read_text() == "password"


async def test_the_worker_cannot_be_signalled_from_inside(tmp_path: Path, tied: None) -> None:
    async with contained([SHELL, "-c", f"kill -0 {os.getpid()}"], LIMITS, scratch=tmp_path) as running:
        assert (await running.ended()).code != 0


async def test_the_workers_environment_is_not_handed_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERTER_LINK_KEY", "very secret")
    async with contained([SHELL, "-c", "env"], LIMITS, scratch=tmp_path) as running:
        assert b"secret" not in await running.output(10_000)


async def test_fifteen_thousand_lines_of_complaints_are_read_and_mostly_forgotten(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 15000 ]; do echo complaint $i >&2; i=$((i+1)); done; echo done"
    async with contained([SHELL, "-c", script], LIMITS, scratch=tmp_path) as running:
        assert await running.output(100) == b"done\n"
        ended = await running.ended()
    assert ended.code == 0
    assert "complaint 14999" in ended.stderr
    assert len(ended.stderr) <= 16 * 1024


async def test_a_program_that_never_stops_printing_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TooMuchOutput):
        async with contained(
            [SHELL, "-c", "while :; do echo yes; done"], LIMITS, scratch=tmp_path
        ) as running:
            await running.output(100_000)
    assert not psutil.pid_exists(running.pid) or psutil.Process(running.pid).status() == "zombie"


async def test_grandchildren_are_killed_too(tmp_path: Path) -> None:
    async with contained([SHELL, "-c", "sleep 600 & echo $!; wait"], LIMITS, scratch=tmp_path) as running:
        async for line in running.lines():
            grandchild = int(line)
            break
        assert psutil.pid_exists(grandchild)
    await until(lambda: is_gone(grandchild), what="the grandchild's end")


async def test_a_killed_worker_takes_its_program_with_it(workplace: Workplace, tied: None) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from converter_service.adapters.contained import Limits, contained\n"
        "async def main() -> None:\n"
        "    limits = Limits(cpu_s=60, memory_bytes=1024**3, file_bytes=1024)\n"
        "    scratch = pathlib.Path(sys.argv[1])\n"
        "    async with contained(['/bin/sleep', '600'], limits, scratch=scratch) as running:\n"
        "        print(running.pid, flush=True)\n"
        "        await running.ended()\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(workplace.scratch), stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    program = int(await asyncio.wait_for(worker.stdout.readline(), 20))
    await until(lambda: psutil.Process(program).name() == "sleep", what="the program's start")
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await until(lambda: is_gone(program), what="the program's end")


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == "zombie"
    except psutil.NoSuchProcess:
        return True
