"""The sandbox: refused files, network and system calls; resource limits; termination."""

import asyncio
import ctypes
import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from converter_service.media.errors import Fault, MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg.tools import find_tools
from converter_service.media.option_parser import parse
from converter_service.media.sandbox.launcher import LANDLOCK_CREATE, LANDLOCK_VERSION
from converter_service.media.sandbox.policy import NICENESS, Limits
from converter_service.media.sandbox.process import Exit, TooMuchOutput, check_restrictions, sandboxed
from converter_service.media.sandbox.seccomp import CLONE, CLONE3, ONLY_ITSELF, REFUSED
from tests.support import hostile_media
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media
from tests.support.wait import PATIENCE_S, until

COLUMN = {"x86_64": 0, "aarch64": 1}.get(os.uname().machine, 0)
LIMITS = Limits(cpu_s=60, memory_bytes=1024**3, file_bytes=1024**2)
SHELL = "/bin/sh"
PR_GET_SECCOMP = 21
HOURS = 11.0


def offered() -> set[str]:
    """The restrictions that this kernel supports, queried without applying any."""
    if not sys.platform.startswith("linux"):
        return set()
    libc = ctypes.CDLL(None, use_errno=True)
    landlock = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    seccomp = libc.prctl(PR_GET_SECCOMP, 0, 0, 0, 0)
    known = os.uname().machine in {"x86_64", "aarch64"}
    return (
        {"privileges", "death"}
        | ({"files"} if landlock >= 1 else set())
        | ({"calls"} if seccomp >= 0 and known else set())
    )


@pytest.fixture
async def restricted() -> None:
    """Skips the test if the kernel lacks seccomp or Landlock; fails if it has them and they do not hold."""
    missing = {name for name, holds in (await check_restrictions()).items() if not holds}
    assert not missing & offered()
    if missing:
        pytest.skip(f"this machine does not offer: {sorted(missing)}")


async def inside(code: str, scratch: Path, *writable: str, limits: Limits = LIMITS) -> Exit:
    """Runs Python code in the sandbox. `call` makes a system call by number, `tell` prints its errno."""
    names = {"CLONE": CLONE, "CLONE3": CLONE3, "TGKILL": ONLY_ITSELF["tgkill"][0], "TKILL": REFUSED["tkill"]}
    prelude = (
        "import ctypes, errno, fcntl, os, resource, signal, socket, subprocess, sys, threading\n"
        "libc = ctypes.CDLL(None, use_errno=True)\n"
        "def call(*numbers): return libc.syscall(*(ctypes.c_long(number) for number in numbers))\n"
        "def tell(result):\n"
        "    sys.stderr.write(errno.errorcode[ctypes.get_errno()] if result == -1 else repr(result))\n"
        + "".join(f"{name} = {numbers[COLUMN]}\n" for name, numbers in names.items())
    )
    command = [sys.executable, "-I", "-S", "-c", prelude + code]
    where = [Path(sys.prefix), Path(sys.base_prefix)]
    async with sandboxed(
        command,
        limits,
        readable=where,
        writable=scratch / writable[0] if writable else None,
        scratch=scratch,
    ) as running:
        return await running.wait()


async def fails_with(fault: Fault, harness: TranscodingHarness, file: Path) -> None:
    with pytest.raises(MediaError) as failed:
        await harness.convert(file)
    assert failed.value.code is fault
    assert not harness.result.exists()
    assert harness.programs() == []


async def test_a_conversion_over_its_time_limit_is_killed_with_its_process_group(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    harness.limited(job_timeout=1.0)
    await fails_with(Fault.TIMED_OUT, harness, hostile_media.endless_wav(tmp_path / "long.wav", HOURS))


async def test_a_program_without_output_is_stopped(harness: TranscodingHarness, tmp_path: Path) -> None:
    harness.limited(stall_timeout=0.0)
    await fails_with(Fault.TIMED_OUT, harness, hostile_media.endless_wav(tmp_path / "long.wav", HOURS))


async def test_a_cancelled_conversion_leaves_no_program_and_no_result(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    long = hostile_media.endless_wav(tmp_path / "long.wav", HOURS)
    converting = asyncio.create_task(harness.convert(long))
    await until(harness.has_begun, what="a beginning")
    converting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await converting
    assert harness.programs() == []
    assert not harness.result.exists()


async def test_a_failure_to_report_progress_stops_the_conversion(
    harness: TranscodingHarness, tmp_path: Path
) -> None:
    class Lost(Exception):
        pass

    async def lose(_: float) -> None:
        raise Lost

    info = await harness.probe(hostile_media.endless_wav(tmp_path / "long.wav", HOURS))
    with pytest.raises(Lost):
        await harness.transcoder.convert(harness.source, info, parse({}), harness.result, lose)
    assert harness.programs() == []
    assert not harness.result.exists()


async def test_a_kill_from_outside_is_a_machine_error(harness: TranscodingHarness, tmp_path: Path) -> None:
    converting = asyncio.create_task(harness.convert(hostile_media.endless_wav(tmp_path / "long.wav", HOURS)))
    await until(harness.has_begun, what="a beginning")
    for process in harness.programs():
        process.kill()
    with pytest.raises(TranscoderUnavailable):
        await converting


async def test_sigterm_from_outside_is_a_failure(harness: TranscodingHarness, tmp_path: Path) -> None:
    converting = asyncio.create_task(harness.convert(hostile_media.endless_wav(tmp_path / "long.wav", HOURS)))
    await until(harness.has_begun, what="a beginning")
    for process in harness.programs():
        process.terminate()
    with pytest.raises(TranscoderUnavailable):
        await converting


async def test_a_result_that_grows_past_its_limit_is_stopped(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.limited(max_result_bytes=20_000)
    await fails_with(Fault.TOO_LONG, harness, media.audio(4.0))


async def test_too_little_memory_ends_the_conversion_and_nothing_else(
    harness: TranscodingHarness, media: Media
) -> None:
    harness.limited(memory_bytes=16 * 1024**2)
    with pytest.raises((TranscoderUnavailable, MediaError)):
        await harness.convert(media.audio(1.0))
    assert harness.programs() == []


async def test_a_program_that_only_computes_is_ended_by_its_cpu_limit(tmp_path: Path) -> None:
    limits = Limits(cpu_s=1, memory_bytes=1024**3, file_bytes=1024)
    ended = await inside("while True: pass", tmp_path, limits=limits)
    assert ended.code == -signal.SIGXCPU


async def test_memory_is_bounded(tmp_path: Path, restricted: None) -> None:
    limits = Limits(cpu_s=20, memory_bytes=128 * 1024**2, file_bytes=1024)
    assert "MemoryError" in (await inside("bytearray(10**9)", tmp_path, limits=limits)).stderr


async def test_the_network_is_out_of_reach_even_for_ffmpeg_itself(tmp_path: Path, restricted: None) -> None:
    came: list[object] = []

    async def welcome(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)
        writer.close()

    server = await asyncio.start_server(welcome, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    ffmpeg = find_tools(threads=1).ffmpeg
    command = [ffmpeg, "-nostdin", "-i", f"tcp://127.0.0.1:{port}", "-f", "null", "-"]
    where = [Path(ffmpeg).parent]
    async with server, sandboxed(command, LIMITS, readable=where, scratch=tmp_path) as running:
        ended = await running.wait()
    assert ended.code != 0
    assert "not permitted" in ended.stderr
    assert came == []


async def test_files_outside_the_scratch_directory_are_out_of_reach(
    harness: TranscodingHarness, tmp_path: Path, restricted: None
) -> None:
    """Opened by Python itself: a shell's `cat` would fail because it needs a process."""
    secret = tmp_path / "secret"
    secret.write_text("password")
    environ = Path(f"/proc/{os.getpid()}/environ")
    for path, mode in ((secret, "r"), (Path("/etc/passwd"), "r"), (environ, "r"), (secret, "w")):
        ended = await inside(f"open({str(path)!r}, {mode!r}).read()", harness.scratch)
        assert "PermissionError" in ended.stderr, path
    assert secret.read_text() == "password"
    harness.source.write_text("video")
    ended = await inside("open('source').read()", harness.scratch)
    assert (ended.code, ended.stderr) == (0, "")


async def test_no_file_but_the_result_can_be_made_changed_or_removed(
    harness: TranscodingHarness, restricted: None
) -> None:
    harness.source.write_text("video")
    for line in (
        "open('other', 'w')",
        "os.mkdir('directory')",
        "os.symlink('source', 'link')",
        "os.link('source', 'second')",
        "os.remove('source')",
        "os.rename('result', 'source')",
        "open('source', 'a')",
        "os.truncate('source', 0)",
        "os.chmod('source', 0)",
        "os.utime('source')",
        "os.setxattr('source', 'user.mark', b'')",
    ):
        ended = await inside(f"open('result', 'w').write('audio'); {line}", harness.scratch, "result")
        assert "PermissionError" in ended.stderr, line
    assert sorted(path.name for path in harness.scratch.iterdir()) == ["result", "source"]
    assert (harness.source.read_text(), harness.result.read_text()) == ("video", "audio")


async def test_every_system_call_that_affects_other_processes_is_refused(
    tmp_path: Path, restricted: None
) -> None:
    """With arguments that are harmless, or fail differently, if the call is allowed."""
    numbers = [both[COLUMN] for both in REFUSED.values() if both[COLUMN] is not None]
    ended = await inside(f"for each in {numbers}: tell(call(each, -1, -1, -1, -1, -1, -1))", tmp_path)
    assert (ended.code, ended.stderr) == (0, "EPERM" * len(numbers))


@pytest.mark.parametrize(
    "attempt",
    [
        "os.kill({pid}, 9)",
        "signal.pthread_kill(threading.get_ident(), 0); tell(call(TGKILL, {pid}, {pid}, 9))",
        "tell(call(TKILL, {pid}, 9))",
        "fcntl.fcntl(os.pipe()[0], fcntl.F_SETOWN, {pid})",
        "fcntl.fcntl(os.pipe()[0], 10, 9)",
        "resource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1))",
        "resource.prlimit({pid}, resource.RLIMIT_CPU)",
        "os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
        "os.sched_setaffinity({pid}, [0])",
        "os.fork()",
        "subprocess.run(['/bin/true'])",
        "os.posix_spawn('/bin/true', ['true'], {{}})",
        "tell(call(CLONE, 17, 0, 0, 0, 0))",
        "tell(call(CLONE, 0x10000000 | 17, 0, 0, 0, 0))",
        "socket.socketpair()",
    ],
)
async def test_nothing_outside_the_sandbox_can_be_reached(
    attempt: str, tmp_path: Path, restricted: None
) -> None:
    async with sandboxed(["/bin/sleep", "60"], LIMITS, scratch=tmp_path) as bystander:
        before = psutil.Process(bystander.pid)
        ended = await inside(attempt.format(pid=bystander.pid), tmp_path)
        assert "EPERM" in ended.stderr or "PermissionError" in ended.stderr, ended.stderr
        assert before.is_running()
        assert before.status() != "zombie"
        assert before.nice() == min(19, psutil.Process().nice() + NICENESS)


async def test_system_calls_on_the_own_process_are_allowed(tmp_path: Path, restricted: None) -> None:
    ended = await inside(
        "threads = [threading.Thread(target=list) for _ in range(4)]\n"
        "[thread.start() for thread in threads]\n"
        "[thread.join() for thread in threads]\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))\n"
        "resource.prlimit(os.getpid(), resource.RLIMIT_NOFILE)\n"
        "tell(call(CLONE3, 0, 0))",
        tmp_path,
    )
    assert (ended.code, ended.stderr) == (0, "ENOSYS")
    assert (await inside("os.abort()", tmp_path)).code == -signal.SIGABRT


async def test_no_privilege_is_left_even_to_root(tmp_path: Path, restricted: None) -> None:
    ended = await inside(
        "header, sets = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()\n"
        "libc.capget(header, sets)\n"
        "sys.exit(any(sets))",
        tmp_path,
    )
    assert (ended.code, ended.stderr) == (0, "")


async def test_the_workers_environment_is_not_inherited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONVERTER_LINK_KEY", "very secret")
    async with sandboxed([SHELL, "-c", "env"], LIMITS, scratch=tmp_path) as running:
        assert b"secret" not in await running.output(10_000)


async def test_fifteen_thousand_error_lines_are_read_and_mostly_discarded(tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 15000 ]; do echo complaint $i >&2; i=$((i+1)); done; echo done"
    async with sandboxed([SHELL, "-c", script], LIMITS, scratch=tmp_path) as running:
        assert await running.output(100) == b"done\n"
        ended = await running.wait()
    assert ended.code == 0
    assert "complaint 14999" in ended.stderr
    assert len(ended.stderr) <= 16 * 1024


async def test_a_program_that_never_stops_printing_is_stopped(tmp_path: Path) -> None:
    with pytest.raises(TooMuchOutput):
        async with sandboxed(
            [SHELL, "-c", "while :; do echo yes; done"], LIMITS, scratch=tmp_path
        ) as running:
            await running.output(100_000)
    assert not psutil.pid_exists(running.pid) or psutil.Process(running.pid).status() == "zombie"


async def test_a_program_whose_output_is_not_read_and_that_reads_no_input_is_killed_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [SHELL, "-c", "while :; do echo yes; done"]
    async with sandboxed(command, LIMITS, scratch=tmp_path, stdin=asyncio.subprocess.PIPE) as running:
        feeding = asyncio.create_task(running.feed(bytes(1_000_000)))
        await anext(running.chunks())
        await until(lambda: is_waiting(running.pid), what="the program waits, because its output is full")
        feeding.cancel()
    assert "did not end" not in capsys.readouterr().out


def is_waiting(pid: int) -> bool:
    return psutil.Process(pid).status() == psutil.STATUS_SLEEPING


async def test_the_program_of_a_killed_worker_is_killed(
    harness: TranscodingHarness, restricted: None
) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from converter_service.media.sandbox.policy import Limits\n"
        "from converter_service.media.sandbox.process import sandboxed\n"
        "async def main() -> None:\n"
        "    limits = Limits(cpu_s=60, memory_bytes=1024**3, file_bytes=1024)\n"
        "    scratch = pathlib.Path(sys.argv[1])\n"
        "    async with sandboxed(['/bin/sleep', '600'], limits, scratch=scratch) as running:\n"
        "        print(running.pid, flush=True)\n"
        "        await running.wait()\n"
        "asyncio.run(main())\n"
    )
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, str(harness.scratch), stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    program = int(await asyncio.wait_for(worker.stdout.readline(), PATIENCE_S))
    await until(lambda: psutil.Process(program).name() == "sleep", what="the program's start")
    worker.send_signal(signal.SIGKILL)
    await worker.wait()
    await until(lambda: is_gone(program), what="the program's end")


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == "zombie"
    except psutil.NoSuchProcess:
        return True
