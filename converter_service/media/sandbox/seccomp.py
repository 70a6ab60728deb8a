"""The seccomp filter of the sandbox: which system calls fail in programs that read untrusted files.

Refused are calls that reach beyond the process: the network, other processes, namespaces, large kernel
subsystems (bpf, io_uring, keyrings), ownership and mode of files (which Landlock does not cover), memory that
outlives the process, and the creation of processes: ffmpeg needs threads only. System call numbers are those
of the kernel's `unistd.h`. Pure; `launcher.py` installs the filter.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

# One BPF instruction (struct sock_filter): code, jump if true, jump if false, operand. The launcher replaces
# the operand OWN_PID by its process id.
Step = tuple[int, int, int, int]
OWN_PID = -1

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, ARGUMENTS = 0, 4, 16
ALLOWED, KILLED, FAILED = 0x7FFF0000, 0x80000000, 0x00050000
ALLOW: Step = (RETURN, 0, 0, ALLOWED)
EPERM, ENOSYS = 1, 38
X32_CALLS = 0x40000000
FCNTL_OF_SIGNALS = (8, 10, 15)  # F_SETOWN, F_SETSIG, F_SETOWN_EX: SIGIO to another process
CLONE_THREAD, CLONE_NAMESPACES = 0x00010000, 0x7E020080

ARCHITECTURES: Mapping[str, tuple[int, int]] = MappingProxyType(
    {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
)
"""`uname -m` → AUDIT_ARCH and the index into the pairs of call numbers below."""

# Numbers on x86-64 and arm64 (None: no such call). From 424 on both are equal.
REFUSED: Mapping[str, tuple[int | None, int | None]] = MappingProxyType({
    # the network
    "socket": (41, 198), "socketpair": (53, 199),
    # other processes: ptrace, signals, scheduling; leaving the process group that is killed at the end
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271),
    "process_madvise": (440, 440), "process_mrelease": (448, 448), "kcmp": (312, 272),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "pidfd_send_signal": (424, 424),
    "kill": (62, 129), "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240),
    "setpriority": (141, 140), "ioprio_set": (251, 30), "sched_setparam": (142, 118),
    "sched_setscheduler": (144, 119), "sched_setattr": (314, 274), "sched_setaffinity": (203, 122),
    "migrate_pages": (256, 238), "move_pages": (279, 239), "setsid": (112, 157), "setpgid": (109, 154),
    # new processes
    "fork": (57, None), "vfork": (58, None),
    # namespaces and mounts
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41),
    "mount": (165, 40), "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429),
    "fsopen": (430, 430), "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433),
    "mount_setattr": (442, 442), "open_tree_attr": (467, 467),
    # large kernel subsystems
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "keyctl": (250, 219),
    "add_key": (248, 217), "request_key": (249, 218), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    # memory files and System V / POSIX IPC, which outlive the process
    "memfd_create": (319, 279), "memfd_secret": (447, 447), "shmget": (29, 194), "shmat": (30, 196),
    "shmctl": (31, 195), "msgget": (68, 186), "msgsnd": (69, 189), "msgrcv": (70, 188), "msgctl": (71, 187),
    "semget": (64, 190), "semop": (65, 193), "semctl": (66, 191), "semtimedop": (220, 192),
    "mq_open": (240, 180), "mq_unlink": (241, 181),
    # attributes of files
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452),
    "chown": (92, None), "lchown": (94, None), "fchown": (93, 55), "fchownat": (260, 54),
    "setxattr": (188, 5), "lsetxattr": (189, 6), "fsetxattr": (190, 7), "setxattrat": (463, 463),
    "removexattr": (197, 14), "lremovexattr": (198, 15), "fremovexattr": (199, 16),
    "removexattrat": (466, 466), "file_setattr": (469, 469), "truncate": (76, 45),
    "utime": (132, None), "utimes": (235, None), "futimesat": (261, None), "utimensat": (280, 88),
})  # fmt: skip

# Calls that are allowed only on the process itself: the first argument must be one of these ids.
ONLY_ITSELF: Mapping[str, tuple[tuple[int, int], tuple[int, ...]]] = MappingProxyType(
    {"tgkill": ((234, 131), (OWN_PID,)), "prlimit64": ((302, 261), (0, OWN_PID))}
)
FCNTL, CLONE, CLONE3 = (72, 25), (56, 220), (435, 435)


def seccomp_filter(machine: str) -> Sequence[Step]:
    """Returns the filter's instructions for `machine` (as `uname -m` prints it), () if it is not supported.

    A call through another ABI of the machine (32-bit, x32) kills the process. clone3 fails with ENOSYS,
    whereupon C libraries fall back to clone, whose flags a filter can inspect.
    """
    if machine not in ARCHITECTURES:
        return ()
    architecture, column = ARCHITECTURES[machine]
    numbers = [both[column] for both in REFUSED.values()]
    return (
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILLED),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32_CALLS),
        (RETURN, 0, 0, KILLED),
        *(step for number in numbers if number is not None for step in _when(number, [_fail(EPERM)])),
        *(
            step
            for both, pids in ONLY_ITSELF.values()
            for step in _when(both[column], _one_of(0, pids, then=ALLOW, otherwise=_fail(EPERM)))
        ),
        *_when(FCNTL[column], _one_of(1, FCNTL_OF_SIGNALS, then=_fail(EPERM), otherwise=ALLOW)),
        *_when(CLONE[column], _threads_only()),
        *_when(CLONE3[column], [_fail(ENOSYS)]),
        ALLOW,
    )


def _when(number: int, block: Sequence[Step]) -> list[Step]:
    """Runs `block`, which must end in a return, for this call number; skips it for others."""
    return [(EQUAL, 0, len(block), number), *block]


def _one_of(argument: int, values: Sequence[int], *, then: Step, otherwise: Step) -> list[Step]:
    """Compares the low 32 bits of an argument, which are all that the kernel uses of an int."""
    tests = [(EQUAL, len(values) - place, 0, value) for place, value in enumerate(values)]
    return [(LOAD, 0, 0, ARGUMENTS + 8 * argument), *tests, otherwise, then]


def _threads_only() -> list[Step]:
    """Allows clone for threads: CLONE_THREAD set and no new namespace."""
    return [
        (LOAD, 0, 0, ARGUMENTS),
        (ANY_BIT, 2, 0, CLONE_NAMESPACES),
        (ANY_BIT, 0, 1, CLONE_THREAD),
        ALLOW,
        _fail(EPERM),
    ]


def _fail(errno: int) -> Step:
    return (RETURN, 0, 0, FAILED | errno)
