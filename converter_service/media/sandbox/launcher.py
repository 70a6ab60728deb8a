"""Sandbox launcher: applies rlimits, seccomp and Landlock to itself, then execs the program.

Usage: `python -I -S launcher.py <policy> program argument…`; the policy is marshalled, in hexadecimal. It is
executed by path and imports only the standard library, as little of it as possible: starting it takes some
10 ms, with `contextlib` and `json` 16 ms, and a conversion starts five programs. It exists because a
`preexec_fn` is not safe in a process with threads, and because setpriv, prlimit and unshare are missing on
macOS, differ between distributions and need privileges that the user of a container lacks.

Restrictions on Linux, also for an unprivileged user inside a container:
  privileges  all capabilities dropped, also root's; no_new_privs is set
  death       the program is killed when its parent dies (PR_SET_PDEATHSIG)
  files       read access to system libraries and the listed paths only; files can be neither created, removed
              nor renamed (Landlock, Linux 5.13; from Linux 6.12 it also scopes signals and abstract sockets)
  calls       system calls that reach other processes, the network or new processes fail (seccomp,
              `seccomp.py`)
  and no core dump; limits on CPU time, memory, file size and open files; the highest OOM score.
On other systems only the resource limits apply. With `--check` in place of a program the launcher prints
which of the four named restrictions hold on this machine, as JSON, and execs nothing.

RLIMIT_NPROC is not set: it counts all processes of the user on the machine, so that it would fail because of
unrelated processes, and root is exempt. Since no process can be started, only threads are left; their stacks
count against the memory limit, their number against the container's pids limit.
"""

import ctypes
import marshal
import os
import resource
import signal
import stat
import sys

FAILED = 120
"""Exit code when the program could not be restricted or started; ffmpeg uses no code near it."""

PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 22, 24, 38
SECCOMP_MODE_FILTER = 2
MOST_CAPABILITIES, CAPABILITY_VERSION = 64, 0x20080522
OWN_PID = -1
"""Placeholder in a seccomp filter for the id of this process."""

LANDLOCK_CREATE, LANDLOCK_ADD, LANDLOCK_RESTRICT = 444, 445, 446
LANDLOCK_VERSION, LANDLOCK_PATH_BENEATH = 1, 1
# LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET and LANDLOCK_SCOPE_SIGNAL.
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
    """struct sock_filter."""

    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    """struct sock_fprog."""

    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(Instruction))]


class PathBeneath(ctypes.Structure):
    """struct landlock_path_beneath_attr."""

    _pack_ = 1
    _layout_ = "ms"
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def set_resource_limits(limits: dict[str, int]) -> None:
    """Sets rlimits. The soft CPU limit is below the hard one: SIGXCPU tells the reason, SIGKILL follows."""
    wanted = {
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_CPU: (limits["cpu_s"], limits["cpu_s"] + 5),
        resource.RLIMIT_FSIZE: (limits["file_bytes"], limits["file_bytes"]),
        resource.RLIMIT_NOFILE: (limits["open_files"], limits["open_files"]),
        resource.RLIMIT_AS: (limits["memory_bytes"], limits["memory_bytes"]),
    }
    for kind, (soft, hard) in wanted.items():
        ceiling = resource.getrlimit(kind)[1]
        most = sys.maxsize if ceiling == resource.RLIM_INFINITY else ceiling
        try:
            resource.setrlimit(kind, (min(soft, most), min(hard, most)))
        except (ValueError, OSError):  # macOS refuses RLIMIT_AS
            continue


def drop_privileges(libc: ctypes.CDLL) -> bool:
    """Drops all capabilities. Returns True if no_new_privs is set; the rest fails harmlessly without root."""
    for capability in range(MOST_CAPABILITIES):
        libc.prctl(PR_CAPBSET_DROP, capability, 0, 0, 0)
    header, none = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION, 0), (ctypes.c_uint32 * 6)()
    libc.capset(ctypes.byref(header), ctypes.byref(none))
    return bool(libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)


def apply_seccomp(libc: ctypes.CDLL, steps: list[list[int]]) -> bool:
    """Installs the seccomp filter; returns True on success. Requires no_new_privs, but no capability."""
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


def apply_landlock(libc: ctypes.CDLL, readable: list[str], writable: list[str]) -> bool:
    """Restricts file access to the given and the system paths; returns True on success.

    Landlock: docs.kernel.org/userspace-api/landlock.html.
    """
    version = libc.syscall(LANDLOCK_CREATE, None, ctypes.c_size_t(0), LANDLOCK_VERSION)
    if version < 1:
        return False
    ruleset = create_ruleset(libc, EVERY_ACCESS | (TRUNCATE if version >= 3 else 0))
    if ruleset < 0:
        return False
    try:
        for path in (*SYSTEM_PATHS, *readable):
            add_path_rule(libc, ruleset, path, EXECUTE | READ_FILE | READ_DIR)
        add_path_rule(libc, ruleset, "/dev/null", READ_FILE | WRITE_FILE)
        for path in writable:
            add_path_rule(libc, ruleset, path, READ_FILE | WRITE_FILE | (TRUNCATE if version >= 3 else 0))
        return bool(libc.syscall(LANDLOCK_RESTRICT, ruleset, 0) == 0)
    finally:
        os.close(ruleset)


def create_ruleset(libc: ctypes.CDLL, access: int) -> int:
    """Returns a Landlock ruleset's descriptor, or -1. Tries with scopes first, then without: some kernels
    report version 6 but reject scopes.
    """
    for attributes in ((access, 0, LANDLOCK_SCOPES), (access,)):
        handled = (ctypes.c_uint64 * len(attributes))(*attributes)
        ruleset = libc.syscall(
            LANDLOCK_CREATE, ctypes.byref(handled), ctypes.c_size_t(ctypes.sizeof(handled)), 0
        )
        if ruleset >= 0:
            return int(ruleset)
    return -1


def add_path_rule(libc: ctypes.CDLL, ruleset: int, path: str, access: int) -> None:
    """Allows `access` beneath `path`. Missing paths are skipped; files cannot carry READ_DIR."""
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


def apply_restrictions(policy: dict[str, object]) -> dict[str, bool]:
    """Applies the Linux-only restrictions; returns for each by name whether it holds."""
    if not sys.platform.startswith("linux"):
        return {"privileges": False, "death": False, "files": False, "calls": False}
    libc = ctypes.CDLL(None, use_errno=True)
    privileges = drop_privileges(libc)
    return {
        "privileges": privileges,
        "death": libc.prctl(PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) == 0,
        "files": privileges and apply_landlock(libc, policy["readable"], policy["writable"]),  # type: ignore[arg-type]
        "calls": privileges and apply_seccomp(libc, policy["calls"]),  # type: ignore[arg-type]
    }


def raise_oom_score() -> None:
    """Makes the program the OOM killer's first choice, so that the worker survives."""
    try:
        # Importing pathlib would double the start-up time.
        with open("/proc/self/oom_score_adj", "w") as adjustment:  # noqa: PTH123
            adjustment.write("1000")
    except OSError:
        return


def exec_sandboxed(policy: dict[str, object], command: list[str]) -> None:
    """Applies all restrictions and replaces this process by `command`. Raises OSError if that fails."""
    raise_oom_score()
    os.nice(policy["niceness"])  # type: ignore[arg-type]
    set_resource_limits(policy["limits"])  # type: ignore[arg-type]
    apply_restrictions(policy)
    if os.getppid() != policy["parent"]:
        # The parent died before PR_SET_PDEATHSIG took effect.
        sys.exit(FAILED)
    # Python ignores these two signals, and exec inherits ignored signals.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.execv(command[0], command)  # noqa: S606


def main(arguments: list[str]) -> None:
    # From this process's parent, not from outside: unmarshalling is not safe for untrusted bytes.
    policy, command = marshal.loads(bytes.fromhex(arguments[0])), arguments[1:]  # noqa: S302
    if command == ["--check"]:
        held = (f'"{name}": {str(holds).lower()}' for name, holds in apply_restrictions(policy).items())
        sys.stdout.write(f"{{{', '.join(held)}}}")
        return
    try:
        exec_sandboxed(policy, command)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"launcher: {error}\n")
        sys.exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
