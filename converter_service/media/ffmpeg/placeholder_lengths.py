"""Lengths in audio headers that were never filled in, because the file was written to a pipe, or that are
those of some time before the recorder was cut off.

Programs leave 0, all ones, or a value near 2 or 4 GiB: SoX 0x7FFFF000 and 0x7F000000, speech services
0x7FFFFFFF. ffmpeg takes some of them for the length, and refuses others. Such sound lasts to the end of the
file, or to the tags there; its length is written into the header of our copy.
"""

import contextlib
import os
import re
import struct
from pathlib import Path
from typing import IO

from converter_service.media.ffmpeg.chunks import CAF, RIFF, RIFX, W64, Chunk, Layout, chunks
from converter_service.media.ffmpeg.declared_size import is_placeholder
from converter_service.media.ffmpeg.trailing_chunks import sound_end

RF64_SIZES, AIFF_COUNT = struct.Struct("<QQQ"), struct.Struct(">HIH")
# Fewer bytes behind the sound are no sound.
LEAST_SOUND_BYTES = 4096
CHUNK_NAME = re.compile(rb"[A-Za-z0-9_ ()-]{4}")
FORMAT_BLOCK, SSND_HEADER = struct.Struct("<H"), 8
W64_RIFF = bytes.fromhex("726966662e91cf11a5d628db04c10000")


def fill_in_lengths(path: Path) -> None:
    """Replaces placeholders in the headers of WAV, RF64, W64, AIFF, AU and CAF files by real lengths."""
    with path.open("r+b") as file, contextlib.suppress(struct.error):
        magic, end = file.read(40), os.fstat(file.fileno()).st_size
        if magic[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and magic[8:12] == b"WAVE":
            _fill_in_wave(file, magic[:4], end)
        elif magic[:16] == W64_RIFF:
            if _fill_in_chunk(file, W64, _sound(file, W64, b"data"), end):
                _write(file, 16, W64.size.pack(end))
        elif magic[:4] == b"FORM" and magic[8:12] in (b"AIFF", b"AIFC"):
            _fill_in_aiff(file, end)
        elif magic[:4] == b"caff":
            _fill_in_chunk(file, CAF, _sound(file, CAF, b"data"), end)
        elif magic[:4] == b".snd" and is_placeholder(int.from_bytes(magic[8:12], "big")):
            _write(file, 8, b"\xff" * 4)


def _fill_in_wave(file: IO[bytes], magic: bytes, end: int) -> None:
    layout = RIFX if magic == b"RIFX" else RIFF
    found = {chunk.name: chunk for chunk in chunks(file, layout, b"data")}
    sound, sizes, form = found.get(b"data"), found.get(b"ds64"), found.get(b"fmt ")
    if sound is None or form is None:
        return
    if sizes is None:
        if _fill_in_chunk(file, layout, sound, end) or _extend_chunk(file, layout, sound, end):
            _write(file, 4, layout.size.pack(min(end - 8, 0xFFFFFFFF)))
        return
    file.seek(sizes.at + 8)
    if is_placeholder(int.from_bytes(file.read(8), "little"), bits=64):
        file.seek(form.at + 12)
        (frame,) = FORMAT_BLOCK.unpack(file.read(2))
        length = sound_end(file, RIFF, sound.at, end) - sound.at
        _write(file, sizes.at, RF64_SIZES.pack(end - 8, length, length // max(1, frame)))


def _fill_in_aiff(file: IO[bytes], end: int) -> None:
    found = {chunk.name: chunk for chunk in chunks(file, RIFX, b"SSND")}
    sound, common = found.get(b"SSND"), found.get(b"COMM")
    if sound is None or common is None or not _fill_in_chunk(file, RIFX, sound, end):
        return
    file.seek(common.at)
    channels, _, bits = AIFF_COUNT.unpack(file.read(AIFF_COUNT.size))
    frame = max(1, channels * ((bits + 7) // 8))
    length = sound_end(file, RIFX, sound.at, end) - sound.at
    _write(file, common.at + 2, RIFX.size.pack((length - SSND_HEADER) // frame & 0xFFFFFFFF))
    _write(file, 4, RIFX.size.pack(min(end - 8, 0xFFFFFFFF)))


def _fill_in_chunk(file: IO[bytes], layout: Layout, chunk: Chunk | None, end: int) -> bool:
    """Whether the chunk's size was a placeholder, and now is what is left of the file, without chunks behind
    it.
    """
    if chunk is None or not is_placeholder(chunk.size, bits=8 * layout.size.size, empty=layout.counted):
        return False
    if layout.counted < chunk.size <= end - chunk.at + layout.counted:
        return False
    length = sound_end(file, layout, chunk.at, end) - chunk.at + layout.counted
    _write(file, chunk.size_at, layout.size.pack(min(length, 2 ** (8 * layout.size.size) - 1)))
    return True


def _extend_chunk(file: IO[bytes], layout: Layout, chunk: Chunk, end: int) -> bool:
    """Whether sound went on behind the chunk, and belongs to it now: a recorder that loses its power has
    written the size of some seconds before. Neither other chunks nor zeros are sound.
    """
    behind = chunk.at + chunk.size + chunk.size % layout.aligned
    if end - behind < LEAST_SOUND_BYTES:
        return False
    file.seek(behind)
    first = file.read(LEAST_SOUND_BYTES)
    if CHUNK_NAME.match(first) or not any(first):
        return False
    _write(
        file,
        chunk.size_at,
        layout.size.pack(min(sound_end(file, layout, chunk.at, end) - chunk.at, 2**32 - 1)),
    )
    return True


def _sound(file: IO[bytes], layout: Layout, name: bytes) -> Chunk | None:
    return next((chunk for chunk in chunks(file, layout, name) if chunk.name[:4] == name), None)


def _write(file: IO[bytes], at: int, value: bytes) -> None:
    file.seek(at)
    file.write(value)
