"""Ties the hands of the process that it becomes.

`python -I -S contain.py <policy as JSON> program argument…`: executed by path, so it may use nothing but the
standard library, and as little of that as possible. It exists because a `preexec_fn` is not safe beside
threads, and because setpriv, prlimit and unshare are missing on macOS, differ between distributions and need
privileges that a container's user does not have. Starting it costs about 16 ms.

What holds on Linux, also for an ordinary user inside a container:
  no new privileges, no core dump; CPU, memory, file-size and open-file limits; dies with its parent; first
  victim when memory runs out; no sockets, no tracing and no signalling of others (seccomp); no files but the
  system's libraries, the named ones and one writable directory (Landlock, Linux 5.13).
Elsewhere only the resource limits hold. `--check` instead of a policy prints what holds here and runs
nothing.
"""

import contextlib
import ctypes
import json
import os
import resource
import signal
import stat
import sys

FAILED = 120
"""Exit code when the program could not be tied up or started; ffmpeg uses none near it."""

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
SECCOMP_KILL, SECCOMP_ERRNO, SECCOMP_ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
LOAD, JUMP_EQUAL, JUMP_AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06
X32_SYSCALLS = 0x40000000
EPERM = 1

# AUDIT_ARCH and the numbers of: socket, ptrace, process_vm_readv, process_vm_writev, kill, then those that
# are the same everywhere: pidfd_send_signal, io_uring_setup (it can open sockets by itself), pidfd_getfd.
COMMON_SYSCALLS = (424, 425, 438)
SYSCALLS = {
    "x86_64": (0xC000003E, (41, 101, 310, 311, 62)),
    "aarch64": (0xC00000B7, (198, 117, 270, 271, 129)),
}

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
WRITE_FILE, TRUNCATE = 1 << 1, 1 << 14
EVERY_ACCESS = (1 << 13) - 1

SYSTEM_PATHS = (
    "/usr",
    "/lib",
    "/lib64",
    "/bin",
    "/nix/store",
    "/etc/ld.so.cache",
    "/dev/urandom",
    "/dev/zero",
)


class Instruction(ctypes.Structure):
    """struct sock_filter"""

    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


class PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr"""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def limit(policy: dict[str, int]) -> None:
    """Soft is below hard for the CPU alone: the first is a signal that tells why, the second cannot be
    caught.
    """
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (policy["cpu_s"], policy["cpu_s"] + 5),
        resource.RLIMIT_FSIZE: (policy["file_bytes"], policy["file_bytes"]),
        resource.RLIMIT_NOFILE: (policy["open_files"], policy["open_files"]),
        resource.RLIMIT_AS: (policy["memory_bytes"], policy["memory_bytes"]),
    }
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        most = sys.maxsize if ceiling == resource.RLIM_INFINITY else ceiling
        # macOS refuses RLIMIT_AS.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (min(soft, most), min(hard, most)))


def seccomp_filter() -> list[Instruction]:
    """Refuse a handful of calls with EPERM; kill whoever speaks another ABI to get around that."""
    architecture, numbers = SYSCALLS[os.uname().machine]
    refused = numbers + COMMON_SYSCALLS
    steps = [
        Instruction(LOAD, 0, 0, 4),
        Instruction(JUMP_EQUAL, 1, 0, architecture),
        Instruction(RETURN, 0, 0, SECCOMP_KILL),
        Instruction(LOAD, 0, 0, 0),
        Instruction(JUMP_AT_LEAST, 0, 1, X32_SYSCALLS),
        Instruction(RETURN, 0, 0, SECCOMP_KILL),
    ]
    for position, number in enumerate(refused):
        steps.append(Instruction(JUMP_EQUAL, len(refused) - position, 0, number))
    steps.append(Instruction(RETURN, 0, 0, SECCOMP_ALLOW))
    steps.append(Instruction(RETURN, 0, 0, SECCOMP_ERRNO | EPERM))
    return steps


def forbid_sockets(libc: ctypes.CDLL) -> bool:
    """True when it holds from now on. Needs no privilege, only that none can be gained any more."""
    if os.uname().machine not in SYSCALLS or sys.maxsize < 2**32:
        return False
    steps = seccomp_filter()
    program = Program(len(steps), (Instruction * len(steps))(*steps))
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def forbid_files(libc: ctypes.CDLL, readable: list[str], writable: list[str]) -> bool:
    """True when nothing else can be opened from now on (Landlock,
    docs.kernel.org/userspace-api/landlock.html).
    """
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    access = EVERY_ACCESS | (TRUNCATE if version >= 3 else 0)
    handled = ctypes.c_uint64(access)
    ruleset = libc.syscall(LANDLOCK_CREATE, ctypes.byref(handled), ctypes.c_size_t(8), 0)
    if ruleset < 0:
        return False
    try:
        for path in (*SYSTEM_PATHS, *readable):
            allow(libc, ruleset, path, EXECUTE | READ_FILE | READ_DIR)
        allow(libc, ruleset, "/dev/null", READ_FILE | WRITE_FILE)
        for path in writable:
            allow(libc, ruleset, path, access)
        return bool(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    """What is missing on this system needs no rule; a file takes no rule about directories."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE
        libc.syscall(
            LANDLOCK_ADD, ruleset, LANDLOCK_PATH_BENEATH, ctypes.byref(PathBeneath(access, opened)), 0
        )
    finally:
        os.close(opened)


def tie(readable: list[str], writable: list[str]) -> dict[str, bool]:
    """Linux's own bonds, each by name and whether it holds."""
    if not sys.platform.startswith("linux"):
        return {"privileges": False, "death": False, "files": False, "network": False}
    libc = ctypes.CDLL(None, use_errno=True)
    privileges = libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
    return {
        "privileges": privileges,
        "death": libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0,
        "files": privileges and forbid_files(libc, readable, writable),
        "network": privileges and forbid_sockets(libc),
    }


def offer_to_the_oom_killer() -> None:
    """The worker must outlive what it runs."""
    # pathlib would double the time it takes to start.
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as adjustment:  # noqa: PTH123
        adjustment.write("1000")


def become(policy: dict[str, object], command: list[str]) -> None:
    """Tie, then execute. Returns only by raising."""
    offer_to_the_oom_killer()
    limit(policy["limits"])  # type: ignore[arg-type]
    tie(policy["readable"], policy["writable"])  # type: ignore[arg-type]
    if os.getppid() != policy["parent"]:
        # The parent died before its death would have been told to us.
        sys.exit(FAILED)
    # Python ignores these two, and whoever is executed would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606


def main(arguments: list[str]) -> None:
    if arguments == ["--check"]:
        sys.stdout.write(json.dumps(tie([], [])))
        return
    try:
        become(json.loads(arguments[0]), arguments[1:])
    except (OSError, ValueError) as error:
        sys.stderr.write(f"contain: {error}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
