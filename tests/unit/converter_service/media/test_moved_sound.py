"""Packets and tables of transport streams, and packets of program streams, are changed where sound moves."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.media import transport_packets
from tests.support.generated_streams import (
    AC3,
    LONG,
    MAP,
    MPEG,
    NEW,
    NULL,
    OLD,
    OTHER,
    joined,
    packed,
    pids,
    section,
    sound,
    tables,
)


@pytest.mark.parametrize("descriptors", [b"", LONG], ids=["short table", "table in two packets"])
def test_packets_and_tables_keep_the_first_pid(tmp_path: Path, descriptors: bytes) -> None:
    one, other = (tables(n, (MPEG, pid), descriptors=descriptors) for n, pid in enumerate((OLD, NEW)))
    due = one + sound(OLD) + tables(1, (MPEG, OLD), descriptors=descriptors) + sound(OLD)
    assert joined(tmp_path, one + sound(OLD) + other + sound(NEW)) == (due, False)


def test_what_is_left_of_the_old_pid_behind_the_first_packet_of_the_new_one_is_left_out(
    tmp_path: Path,
) -> None:
    start, rest = tables(0, (MPEG, OLD)) + sound(OLD), sound(OLD, 1) + sound(NEW, 1)
    changed, _ = joined(tmp_path, start + tables(1, (MPEG, NEW)) + rest + rest)
    assert list(pids(changed))[-4:] == [OLD, OLD, NULL, OLD]


def test_sound_that_returns_to_a_pid_keeps_it(tmp_path: Path) -> None:
    stream = b"".join(
        tables(n, (MPEG, pid)) + sound(pid) for n, pid in enumerate((OLD, NEW, OLD, OTHER + 1, NEW))
    )
    changed, has_strays = joined(tmp_path, stream)
    assert set(pids(changed)) == {0, MAP, OLD}
    assert not has_strays


@pytest.mark.parametrize(
    "streams", [((AC3, NEW),), ((MPEG, OLD), (MPEG, NEW)), ((0x1B, OLD), (MPEG, NEW))], ids=str
)
def test_another_codec_a_further_track_and_a_pid_that_is_used_otherwise_stay_apart(
    tmp_path: Path, streams: tuple[tuple[int, int], ...]
) -> None:
    stream = tables(0, (MPEG, OLD)) + sound(OLD) + tables(1, *streams) + sound(NEW)
    changed, has_strays = joined(tmp_path, stream)
    assert changed == stream
    assert has_strays == ((MPEG, OLD) not in streams)


def test_encrypted_packets_are_not_moved(tmp_path: Path) -> None:
    locked = bytearray(sound(NEW, 1))
    locked[3] |= 0x80
    stream = tables(0, (MPEG, OLD)) + sound(OLD) + tables(1, (MPEG, NEW)) + bytes(locked) + sound(NEW, 1)
    changed, _ = joined(tmp_path, stream)
    assert list(pids(changed))[-2:] == [NEW, OLD]


def test_a_pid_that_turns_from_sound_to_a_picture_is_left_alone(tmp_path: Path) -> None:
    start = tables(0, (MPEG, OLD)) + sound(OLD) + tables(1, (MPEG, NEW)) + sound(NEW)
    stream = start + tables(2, (0x1B, NEW), (MPEG, OTHER + 1)) + sound(OTHER + 1) + sound(NEW)
    changed, has_strays = joined(tmp_path, stream)
    assert list(pids(changed))[-6:] == [OTHER + 1] * 3 + [NEW] * 3
    assert has_strays


def test_a_damaged_table_and_one_that_is_not_in_force_yet_move_nothing(tmp_path: Path) -> None:
    start, end = tables(0, (MPEG, OLD)) + sound(OLD), sound(NEW)
    damaged = bytearray(tables(1, (MPEG, NEW)))
    damaged[188 + 4 + 1 + 12 + 2] ^= 1
    announced = packed(MAP, section(2, tables(1, (MPEG, NEW))[188 + 13 : 188 + 22], 1, is_in_force=False))
    for table in (bytes(damaged), announced):
        stream = start + table + end
        assert joined(tmp_path, stream) == (stream, False)


@pytest.mark.parametrize("packets", [7, 8, 9, 10, 11, 12, 13])
def test_a_stream_is_changed_as_a_whole_wherever_it_is_divided(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, packets: int
) -> None:
    parts = [tables(n, (MPEG, pid), descriptors=LONG) + sound(pid, 20) for n, pid in enumerate((OLD, NEW))]
    monkeypatch.setattr(transport_packets, "CHUNK_PACKETS", packets)
    changed, _ = joined(tmp_path, b"".join(parts) + parts[1])
    assert set(pids(changed)) - {NULL} == {0, MAP, OLD}


def test_packets_behind_a_piece_that_is_no_packet_are_found(tmp_path: Path) -> None:
    stream = tables(0, (MPEG, OLD)) + sound(OLD) + b"lost" * 10 + tables(1, (MPEG, NEW)) + sound(NEW)
    changed, _ = joined(tmp_path, stream)
    assert pids(changed[-188 * 3 :]) == [OLD] * 3


@given(
    st.sampled_from([b"", b"\0\0\1\xba\x44" + bytes(9), tables(0, (MPEG, OLD)) * 3]),
    st.binary(max_size=600),
    st.booleans(),
)
def test_any_bytes_are_searched(begin: bytes, rest: bytes, is_cut: bool) -> None:
    with TemporaryDirectory() as folder:
        whole = begin + rest
        content = whole[: len(whole) // 2] if is_cut else whole
        changed, _ = joined(Path(folder), content)
        assert len(changed) == len(content)
