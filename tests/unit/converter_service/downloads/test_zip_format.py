"""ZIP files that other programs read: names, checksums, and sizes beyond four gigabytes."""

import io
import struct
import zipfile
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from converter_service.downloads.zip_format import Entry, directory, local_header, total_size

NOON = datetime(2026, 11, 20, 12, 30, 8, tzinfo=UTC)
FOUR_GIB = 4 * 1024**3
CONTENTS = {"Ünï 🎧.mp3": b"sound" * 1000, "second.opus": b"", "third.flac": bytes(range(256))}


def entry(name: str, content: bytes, at: datetime = NOON) -> Entry:
    return Entry(name, len(content), zlib.crc32(content), at)


def archive() -> bytes:
    entries = [entry(name, content) for name, content in CONTENTS.items()]
    pieces = [local_header(each) + CONTENTS[each.name] for each in entries]
    return b"".join(pieces) + directory(entries)


def test_an_archive_has_the_size_that_was_told_and_is_read_back() -> None:
    written = archive()
    assert len(written) == total_size([entry(name, content) for name, content in CONTENTS.items()])
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert opened.testzip() is None
        assert {each.filename: opened.read(each) for each in opened.infolist()} == CONTENTS
        assert {each.compress_type for each in opened.infolist()} == {zipfile.ZIP_STORED}
        assert opened.infolist()[0].date_time == (2026, 11, 20, 12, 30, 8)


def test_the_bytes_of_an_entry_are_known_from_its_local_header() -> None:
    """As a program needs it that unpacks the archive while it arrives."""
    rest = archive()
    for name, content in CONTENTS.items():
        flags, crc32, size, name_length, extra_length = struct.unpack("<6xH6xL4xL2H", rest[:30])
        rest = rest[30 + name_length + extra_length :]
        assert (flags & 0x8, crc32, rest[:size]) == (0, zlib.crc32(content), content), name
        rest = rest[size:]
    assert rest.startswith(b"PK\x01\x02")


def test_times_before_those_that_can_be_written_are_the_earliest() -> None:
    written = local_header(entry("a", b"", datetime(1970, 1, 1, tzinfo=UTC))) + directory(
        [entry("a", b"", datetime(1970, 1, 1, tzinfo=UTC))]
    )
    with zipfile.ZipFile(io.BytesIO(written)) as opened:
        assert opened.infolist()[0].date_time == (1980, 1, 1, 0, 0, 0)


@pytest.mark.parametrize(
    "sizes", [(FOUR_GIB + 5, 3), (3 * FOUR_GIB // 4, 3 * FOUR_GIB // 4, 7), (FOUR_GIB - 1, 1)]
)
def test_entries_and_places_beyond_four_gigabytes_have_zip64_fields(
    tmp_path: Path, sizes: tuple[int, ...]
) -> None:
    """Written as a file with holes; the last entry has bytes."""
    content = b"x" * sizes[-1]
    entries = [Entry(f"{number}.wav", size, 0, NOON) for number, size in enumerate(sizes[:-1])]
    entries.append(entry("last.wav", content))
    with (tmp_path / "large.zip").open("wb") as file:
        for each in entries:
            file.write(local_header(each))
            file.seek(each.size if each is not entries[-1] else 0, io.SEEK_CUR)
        file.write(content)
        file.write(directory(entries))
        assert file.tell() == total_size(entries)
    with zipfile.ZipFile(tmp_path / "large.zip") as opened:
        assert [each.file_size for each in opened.infolist()] == list(sizes)
        assert opened.read("last.wav") == content
