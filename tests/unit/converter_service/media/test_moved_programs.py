"""Sound of several programs in one transport stream: what a program still lists stays as it is."""

from pathlib import Path

import pytest

from tests.support.generated_streams import (
    MAP,
    MPEG,
    NEW,
    NULL,
    OLD,
    association,
    joined,
    map_section,
    packed,
    packet,
    pids,
    sound,
)

SECOND_MAP, FAR = 0x50, 0x400


def listing(version: int, *heard: int, program: int = 1, at: int = MAP) -> bytes:
    return packed(at, map_section(version, *((MPEG, pid, b"") for pid in heard), program=program))


def in_language(version: int, *streams: tuple[int, str]) -> bytes:
    listed = ((MPEG, pid, b"\x0a\x04" + name.encode() + b"\0" if name else b"") for pid, name in streams)
    return association((1, MAP)) + packed(MAP, map_section(version, *listed))


def heard(stream: bytes) -> list[int]:
    return [pid for pid in pids(stream) if pid not in {0, MAP, SECOND_MAP}]


def test_programs_that_share_the_pid_of_their_maps_are_told_apart(tmp_path: Path) -> None:
    start = association((1, MAP), (2, MAP)) + listing(0, OLD) + listing(0, FAR, program=2)
    stream = start + (sound(OLD) + sound(FAR) + listing(0, OLD) + listing(0, FAR, program=2)) * 2
    assert joined(tmp_path, stream) == (stream, False)
    moved = listing(1, NEW) + sound(NEW) + sound(FAR)
    changed, has_strays = joined(tmp_path, stream + moved)
    assert (heard(changed)[-6:], has_strays) == ([OLD] * 3 + [FAR] * 3, False)


def test_an_association_table_in_two_sections_is_one(tmp_path: Path) -> None:
    both, again = (
        association((1, MAP), version=version, place=(0, 1))
        + association((2, SECOND_MAP), version=version, place=(1, 1))
        for version in (0, 1)
    )
    first = both + listing(0, OLD) + listing(0, FAR, program=2, at=SECOND_MAP) + sound(OLD) + sound(FAR)
    second = again + listing(1, NEW) + listing(0, FAR, program=2, at=SECOND_MAP) + sound(NEW) + sound(FAR)
    changed, has_strays = joined(tmp_path, first + second)
    assert (heard(changed)[-6:], has_strays) == ([OLD] * 3 + [FAR] * 3, False)


def test_a_program_in_place_of_the_only_one_that_ended_goes_on_with_its_sound(tmp_path: Path) -> None:
    start = association((1, MAP)) + listing(0, OLD) + sound(OLD)
    end = association((2, SECOND_MAP), version=1) + listing(0, NEW, program=2, at=SECOND_MAP) + sound(NEW)
    changed, has_strays = joined(tmp_path, start + end)
    assert (set(heard(changed)), has_strays) == ({OLD}, False)


def test_where_two_programs_end_and_two_begin_none_is_taken_for_another(tmp_path: Path) -> None:
    maps = listing(0, OLD) + listing(0, FAR, program=2, at=SECOND_MAP)
    start = association((1, MAP), (2, SECOND_MAP)) + maps + sound(OLD) + sound(FAR)
    maps = listing(0, NEW, program=3) + listing(0, FAR + 1, program=4, at=SECOND_MAP)
    end = association((3, MAP), (4, SECOND_MAP), version=1) + maps + sound(NEW) + sound(FAR + 1)
    assert joined(tmp_path, start + end) == (start + end, True)


@pytest.mark.parametrize("shared", [OLD, NEW])
def test_sound_that_another_program_lists_stays_as_it_is(tmp_path: Path, shared: int) -> None:
    start = association((1, MAP), (2, SECOND_MAP)) + listing(0, shared, program=2, at=SECOND_MAP)
    stream = start + listing(0, OLD) + sound(OLD) + listing(1, NEW) + (sound(NEW, 1) + sound(OLD, 1)) * 3
    assert joined(tmp_path, stream) == (stream, True)


def test_packets_with_the_clock_of_another_program_stay(tmp_path: Path) -> None:
    clocked = packed(SECOND_MAP, map_section(0, (MPEG, FAR, b""), program=2, clock=OLD))
    start = association((1, MAP), (2, SECOND_MAP)) + clocked + listing(0, OLD) + sound(OLD)
    stream = start + listing(1, NEW) + (sound(NEW, 1) + sound(OLD, 1)) * 3
    assert joined(tmp_path, stream) == (stream, True)


def test_the_rest_of_a_stream_is_not_mixed_into_what_another_program_begins(tmp_path: Path) -> None:
    start = association((1, MAP), (2, SECOND_MAP)) + listing(0, FAR, program=2, at=SECOND_MAP)
    joint = listing(0, OLD) + sound(OLD) + listing(1, NEW) + sound(NEW) + listing(2, NEW + 1)
    end = listing(1, FAR, OLD, program=2, at=SECOND_MAP) + sound(OLD) + sound(NEW, 1) + sound(OLD)
    changed, _ = joined(tmp_path, start + joint + end)
    assert heard(changed) == [OLD] * 6 + [OLD] * 3 + [NEW] + [OLD] * 3


@pytest.mark.parametrize(("shared", "rest"), [(OLD, OLD), (NEW, NULL)])
def test_sound_that_another_program_lists_later_is_left_alone_from_there_on(
    tmp_path: Path, shared: int, rest: int
) -> None:
    start = association((1, MAP), (2, SECOND_MAP)) + listing(0, FAR, program=2, at=SECOND_MAP)
    joint = listing(0, OLD) + sound(OLD) + listing(1, NEW) + sound(NEW)
    end = listing(1, FAR, shared, program=2, at=SECOND_MAP) + (sound(NEW, 1) + sound(OLD, 1)) * 3
    changed, has_strays = joined(tmp_path, start + joint + end)
    assert heard(changed) == [OLD] * 6 + [NEW, rest] * 3
    assert has_strays


def test_sound_of_a_program_that_returns_is_heard_again(tmp_path: Path) -> None:
    both = association((1, MAP), (2, SECOND_MAP))
    far = listing(0, NEW, program=2, at=SECOND_MAP)
    start = both + far + listing(0, FAR) + sound(FAR)
    gone = association((1, MAP), version=1) + listing(1, NEW) + sound(NEW) + listing(2, OLD) + sound(OLD)
    back = association((1, MAP), (2, SECOND_MAP), version=2) + far + sound(NEW)
    changed, _ = joined(tmp_path, start + gone + back)
    assert heard(changed) == [FAR] * 9 + [NEW] * 3


def test_sound_of_another_language_does_not_go_on_as_the_one_that_ended(tmp_path: Path) -> None:
    start = in_language(0, (OLD, "deu"), (OLD + 1, "eng")) + sound(OLD) + sound(OLD + 1)
    end = in_language(1, (OLD, "deu"), (NEW, "fra")) + sound(OLD) + sound(NEW)
    assert joined(tmp_path, start + end) == (start + end, True)


@pytest.mark.parametrize(
    ("before", "now"),
    [([(OLD, "deu")], [(NEW, "fra")]), ([(OLD, "deu"), (FAR, "eng")], [(NEW, ""), (FAR, "eng")])],
)
def test_a_single_sound_and_one_without_a_language_go_on(
    tmp_path: Path, before: list[tuple[int, str]], now: list[tuple[int, str]]
) -> None:
    stream = in_language(0, *before) + sound(OLD) + in_language(1, *now) + sound(NEW)
    changed, has_strays = joined(tmp_path, stream)
    assert (set(heard(changed)), has_strays) == ({OLD}, False)


@pytest.mark.parametrize("first_bytes", [1, 2, 3, 20])
def test_sections_are_read_wherever_packets_divide_them(tmp_path: Path, first_bytes: int) -> None:
    def divided(table: bytes) -> bytes:
        """A section behind another one, whose rest stands before the next packet's pointer."""
        filling = section_of_length(183 - first_bytes)
        rest = table[first_bytes:]
        first = packet(MAP, b"\0" + filling + table[:first_bytes], begins=True)
        return first + packet(MAP, bytes([len(rest)]) + rest, begins=True)

    both = [
        association((1, MAP)) + divided(map_section(n, (MPEG, pid, b""))) for n, pid in ((0, OLD), (1, NEW))
    ]
    changed, _ = joined(tmp_path, both[0] + sound(OLD) + both[1] + sound(NEW))
    due = association((1, MAP)) + divided(map_section(1, (MPEG, OLD, b"")))
    assert changed == both[0] + sound(OLD) + due + sound(OLD)


def section_of_length(length: int) -> bytes:
    """A private one."""
    return b"\x80" + (0x3000 | length - 3).to_bytes(2) + bytes(length - 3)
