"""Files of any bytes are searched for locks without an error."""

import io
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.media.protection import NO_LOCKS, _mp4_locks, find_locks
from converter_service.media.scan_budget import GB, ScanBudget
from tests.support.protected_media import LOCK_ELEMENT


class CountingFile(io.BytesIO):
    count = 0

    def read(self, size: int | None = -1, /) -> bytes:
        self.count += 1
        return super().read(size)


EBML = b"\x1a\x45\xdf\xa3\x80"
UNKNOWN = b"\x01\xff\xff\xff\xff\xff\xff\xff"


def matroska(*tracks: bytes, size: bytes | None = None) -> bytes:
    """The tracks of a recording, whose segment has a `size` that may be unknown."""
    listed = b"".join(b"\xae" + bytes([0x80 + len(track)]) + track for track in tracks)
    content = b"\x16\x54\xae\x6b" + bytes([0x80 + len(listed)]) + listed
    return EBML + b"\x18\x53\x80\x67" + (size or bytes([0x80 + len(content)])) + content


def kind(number: int) -> bytes:
    return bytes([0x83, 0x81, number])


@pytest.mark.parametrize("size", [None, UNKNOWN])
def test_encrypted_tracks_are_counted_as_ffmpeg_counts_tracks(tmp_path: Path, size: bytes | None) -> None:
    file = tmp_path / "file"
    complex_track, video, clear, locked = kind(3), kind(1) + LOCK_ELEMENT, kind(2), kind(2) + LOCK_ELEMENT
    file.write_bytes(matroska(complex_track, video, clear, locked, size=size))
    locks = find_locks(file)
    assert (locks.places, locks.has_sound) == (frozenset({0, 2}), True)
    file.write_bytes(matroska(video, clear, size=size))
    assert (find_locks(file).places, find_locks(file).has_sound) == (frozenset({0}), False)


@given(
    st.sampled_from(
        [
            EBML,
            EBML + b"\x18\x53\x80\x67",
            b"\0\0\0\x20moov",
            bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
            b"",
        ]
    ),
    st.binary(max_size=300),
)
def test_any_bytes_are_searched(begin: bytes, rest: bytes) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "file"
        file.write_bytes(begin + rest)
        find_locks(file).hold(0, None)


def test_a_file_that_is_cut_in_its_header_has_no_locks(tmp_path: Path) -> None:
    file = tmp_path / "file"
    whole = matroska(kind(2) + LOCK_ELEMENT)
    for length in range(len(whole) - len(LOCK_ELEMENT)):
        file.write_bytes(whole[:length])
        assert find_locks(file) == NO_LOCKS


def box(name: bytes, content: bytes) -> bytes:
    return (8 + len(content)).to_bytes(4) + name + content


def movie(entry: bytes, count: int) -> bytes:
    """An MP4 file with this many sample entries."""
    descriptions = box(b"stsd", bytes(8) + entry * count)
    kind_of_track = box(b"hdlr", bytes(8) + b"soun")
    media = box(b"mdia", kind_of_track + box(b"minf", box(b"stbl", descriptions)))
    return box(b"moov", box(b"trak", media))


def test_a_protected_sample_entry_is_found(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(movie(box(b"mp4a", bytes(28) + box(b"sinf", b"")), 1))
    assert find_locks(file).has_sound


def test_a_bounded_number_of_boxes_is_searched_for_protection() -> None:
    entry = box(b"mp4a", bytes(28) + box(b"free", b"") * 500)
    file = CountingFile(movie(entry, 500))
    assert _mp4_locks(file, len(file.getvalue()), ScanBudget(GB)) == NO_LOCKS
    assert file.count < 500 + 16 * 3 * 70


def test_boxes_within_each_other_are_no_deeper_than_those_of_tracks(tmp_path: Path) -> None:
    content = b""
    for _ in range(3000):
        content = box(b"mdia", content)
    file = tmp_path / "file"
    file.write_bytes(box(b"moov", box(b"trak", content)))
    assert find_locks(file) == NO_LOCKS
