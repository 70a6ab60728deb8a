"""File sizes declared in headers."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.media.ffmpeg.declared_size import (
    ASF_FILE_PROPERTIES,
    ASF_HEADER,
    declared_bytes,
    lacks_bytes,
)


def asf(size: int, flags: int) -> bytes:
    properties = ASF_FILE_PROPERTIES + struct.pack("<Q16sQ", 104, bytes(16), size) + bytes(40)
    return ASF_HEADER + bytes(14) + properties + struct.pack("<I", flags) + bytes(12)


def test_riff_and_asf_headers_declare_the_file_size() -> None:
    assert declared_bytes(b"RIFF" + struct.pack("<I", 1000) + b"AVI ") == 1008
    assert declared_bytes(b"RIFX" + struct.pack(">I", 1000) + b"WAVE") == 1008
    assert declared_bytes(asf(5000, flags=2)) == 5000


def test_placeholder_sizes_are_ignored() -> None:
    assert declared_bytes(b"RIFF" + b"\xff" * 4 + b"WAVE") is None
    assert declared_bytes(b"RIFF" + bytes(4) + b"WAVE") is None
    assert declared_bytes(asf(5000, flags=1)) is None
    assert declared_bytes(b"\0\0\0\x20ftypisom") is None


@pytest.mark.parametrize(("there", "lacking"), [(1008, False), (2000, False), (1000, False), (900, True)])
def test_only_a_large_missing_part_counts(tmp_path: Path, there: int, lacking: bool) -> None:
    file = tmp_path / "a.avi"
    file.write_bytes((b"RIFF" + struct.pack("<I", 1000) + b"AVI ").ljust(there, b"\0"))
    assert lacks_bytes(file) is lacking


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"RIFF", b"RIFX", ASF_HEADER, ASF_HEADER + ASF_FILE_PROPERTIES]),
)
def test_any_bytes_are_parsed_without_an_error(rest: bytes, start: bytes) -> None:
    size = declared_bytes(start + rest)
    assert size is None or size >= 0
