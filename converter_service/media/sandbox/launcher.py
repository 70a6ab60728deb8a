"""Ties the hands of the process that it becomes.

`python -I -S launcher.py <policy as JSON> program argument…`: executed by path, so it may use nothing but the
standard library, and as little of that as possible. It exists because a `preexec_fn` is not safe beside
threads, and because setpriv, prlimit and unshare are missing on macOS, differ between distributions and need
privileges that a container's user does not have. Starting it costs about 16 ms.

What holds on Linux, also for an ordinary user inside a container:
  no privileges, not even root's, and no new ones; no core dump; CPU, memory, file-size and open-file limits;
  dies with its parent; first victim when memory runs out; of system calls only those that stay within the
  process (seccomp, `seccomp.py`): no sockets, no signal to or look into another process, no process of its
  own; no files but the system's libraries and the named ones, and none made, removed or renamed (Landlock,
  Linux 5.13; from Linux 6.12 it also keeps signals in).
Elsewhere only the resource limits hold. `--check` in place of a program prints what holds here and runs
nothing.

RLIMIT_NPROC is not among the limits: it counts whatever the user runs on the machine, so that it would fail
on somebody else's account, and root is exempt. Since no process can be started, only threads are left, whose
stacks the memory limit bounds and whose number the container's own limit.
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

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
SECCOMP_MODE_FILTER = 2
MOST_CAPABILITIES, CAPABILITY_VERSION = 64, 0x20080522
OWN_PID = -1
"""In a filter: this process's id."""

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
# Abstract sockets and signals stay within.
LANDLOCK_SCOPES = 0b11
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


def drop_privileges(libc: ctypes.CDLL) -> bool:
    """True when none are left and no execution gains any. Who has none cannot drop them and need not."""
    for capability in range(MOST_CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    libc.capset(ctypes.byref(header), ctypes.byref(none))
    return bool(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def forbid_calls(libc: ctypes.CDLL, steps: list[list[int]]) -> bool:
    """True when the filter holds from now on. Needs no privilege, only that none can be gained any more."""
    if not steps:
        return False
    own = os.getpid()
    program = Program(
        len(steps),
        (Instruction * len(steps))(
            *(
                Instruction(code, if_true, if_false, own if operand == OWN_PID else operand)
                for code, if_true, if_false, operand in steps
            )
        ),
    )
    return bool(libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0)


def forbid_files(libc: ctypes.CDLL, readable: list[str], writable: list[str]) -> bool:
    """True when nothing else can be opened, and nothing made or removed, from now on (Landlock,
    docs.kernel.org/userspace-api/landlock.html).
    """
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    ruleset = new_ruleset(libc, EVERY_ACCESS | (TRUNCATE if version >= 3 else 0))
    if ruleset < 0:
        return False
    try:
        for path in (*SYSTEM_PATHS, *readable):
            allow(libc, ruleset, path, EXECUTE | READ_FILE | READ_DIR)
        allow(libc, ruleset, "/dev/null", READ_FILE | WRITE_FILE)
        for path in writable:
            allow(libc, ruleset, path, READ_FILE | WRITE_FILE | (TRUNCATE if version >= 3 else 0))
        return bool(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def new_ruleset(libc: ctypes.CDLL, access: int) -> int:
    """Negative when there is none to be had. Scopes are asked for and done without: there are kernels that
    claim them by their version (6) and do not know them.
    """
    for attributes in ((access, 0, LANDLOCK_SCOPES), (access,)):
        handled = (ctypes.c_uint64 * len(attributes))(*attributes)
        ruleset = libc.syscall(
            LANDLOCK_CREATE, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0
        )
        if ruleset >= 0:
            return int(ruleset)
    return -1


def allow(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    """What is missing on this system needs no rule; a file takes no rule about directories."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            access &= ~READ_DIR
        libc.syscall(
            LANDLOCK_ADD, ruleset, LANDLOCK_PATH_BENEATH, ctypes.byref(PathBeneath(access, opened)), 0
        )
    finally:
        os.close(opened)


def tie(policy: dict[str, object]) -> dict[str, bool]:
    """Linux's own bonds, each by name and whether it holds."""
    if not sys.platform.startswith("linux"):
        return {"privileges": False, "death": False, "files": False, "calls": False}
    libc = ctypes.CDLL(None, use_errno=True)
    privileges = drop_privileges(libc)
    return {
        "privileges": privileges,
        "death": libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0,
        "files": privileges and forbid_files(libc, policy["readable"], policy["writable"]),  # type: ignore[arg-type]
        "calls": privileges and forbid_calls(libc, policy["calls"]),  # type: ignore[arg-type]
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
    tie(policy)
    if os.getppid() != policy["parent"]:
        # The parent died before its death would have been told to us.
        sys.exit(FAILED)
    # Python ignores these two, and whoever is executed would inherit that.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606


def main(arguments: list[str]) -> None:
    policy, command = json.loads(arguments[0]), arguments[1:]
    if command == ["--check"]:
        sys.stdout.write(json.dumps(tie(policy)))
        return
    try:
        become(policy, command)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
