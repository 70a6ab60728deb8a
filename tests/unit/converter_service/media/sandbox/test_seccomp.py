"""The seccomp filter, run by a BPF interpreter, so that filters of other processors are tested, too."""

import pytest

from converter_service.media.sandbox.seccomp import (
    ALLOWED,
    ANY_BIT,
    ARCHITECTURES,
    AT_LEAST,
    CLONE,
    CLONE3,
    ENOSYS,
    EPERM,
    EQUAL,
    FAILED,
    FCNTL,
    KILLED,
    LOAD,
    ONLY_ITSELF,
    OWN_PID,
    REFUSED,
    RETURN,
    seccomp_filter,
)

OWN, OTHER = 4711, 4712
BLOCKED = FAILED | EPERM
FORK, THREAD = 0x01200011, 0x003D0F00
# Of ffmpeg and of its C library: x86-64, arm64.
HARMLESS = {
    "read": (0, 63), "write": (1, 64), "openat": (257, 56), "mmap": (9, 222), "execve": (59, 221),
    "futex": (202, 98), "exit_group": (231, 94), "sched_getaffinity": (204, 123), "getrandom": (318, 278),
}  # fmt: skip


def verdict(machine: str, number: int, *arguments: int, architecture: int | None = None) -> int:
    """The filter's verdict on a call (classic BPF over struct seccomp_data)."""
    own = ARCHITECTURES[machine][0]
    words = {0: number, 4: own if architecture is None else architecture}
    words |= {16 + 8 * place: value & 0xFFFFFFFF for place, value in enumerate(arguments)}
    steps = seccomp_filter(machine)
    held, at = 0, 0
    while True:
        code, if_true, if_false, written = steps[at]
        operand = OWN if written == OWN_PID else written
        at += 1
        if code == RETURN:
            return operand
        if code == LOAD:
            held = words.get(operand, 0)
        else:
            holds = {EQUAL: held == operand, AT_LEAST: held >= operand, ANY_BIT: bool(held & operand)}[code]
            at += if_true if holds else if_false


@pytest.fixture(params=ARCHITECTURES)
def machine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def column(machine: str) -> int:
    return ARCHITECTURES[machine][1]


def test_every_call_on_the_list_is_refused_and_what_ffmpeg_needs_is_not(machine: str, column: int) -> None:
    for call, numbers in REFUSED.items():
        if (number := numbers[column]) is not None:
            assert verdict(machine, number) == BLOCKED, call
    for call, others in HARMLESS.items():
        assert verdict(machine, others[column]) == ALLOWED, call


@pytest.mark.parametrize("call", ONLY_ITSELF)
def test_some_calls_are_allowed_on_the_own_process_only(machine: str, column: int, call: str) -> None:
    number = ONLY_ITSELF[call][0][column]
    assert verdict(machine, number, OWN, OWN) == ALLOWED
    for pid in (OTHER, -1, 1, -OWN):
        assert verdict(machine, number, pid) == BLOCKED
    assert verdict(machine, number, 0) == (ALLOWED if call == "prlimit64" else BLOCKED)


def test_threads_can_be_started_and_nothing_else(machine: str, column: int) -> None:
    number = CLONE[column]
    assert verdict(machine, number, THREAD) == ALLOWED
    for flags in (0, FORK, 0x10000000, THREAD | 0x10000000, THREAD | 0x00020000, 0x4111):
        assert verdict(machine, number, flags) == BLOCKED
    assert verdict(machine, CLONE3[column]) == FAILED | ENOSYS


def test_no_descriptor_can_be_made_to_signal(machine: str, column: int) -> None:
    verdicts = {command: verdict(machine, FCNTL[column], 3, command) for command in range(1030)}
    assert {command for command, result in verdicts.items() if result == BLOCKED} == {8, 10, 15}
    assert {result for result in verdicts.values() if result != BLOCKED} == {ALLOWED}


def test_calls_of_another_abi_are_refused(machine: str) -> None:
    assert verdict(machine, 0, architecture=0x40000003) == KILLED
    assert verdict(machine, 0x40000000 | 41) == KILLED


def test_every_jump_stays_within_the_filter_and_the_filter_within_the_kernels_bound(machine: str) -> None:
    steps = seccomp_filter(machine)
    assert len(steps) <= 4096
    assert all(0 <= jump <= 255 for step in steps for jump in step[1:3])
    assert all(at + 1 + max(step[1:3]) < len(steps) for at, step in enumerate(steps) if step[0] != RETURN)


def test_an_unknown_machine_has_no_filter() -> None:
    assert seccomp_filter("riscv64") == ()
