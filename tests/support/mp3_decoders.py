"""Decodes MP3 files with ffmpeg, libmpg123 and libsndfile, which are three ways to honour a LAME header.

The libraries are those of Debian, on which its ffmpeg depends; they are called without bindings.
"""

import ctypes
import ctypes.util
import subprocess
from array import array
from pathlib import Path

from converter_service.media.ffmpeg.tools import Tools

MPG123_OK, MPG123_DONE, MPG123_NEW_FORMAT = 0, -12, -11
MPG123_ADD_FLAGS, MPG123_FORCE_FLOAT, MPG123_QUIET = 2, 0x400, 0x20
BLOCK_BYTES = 1 << 20
SFM_READ = 0x10


class SoundFileInfo(ctypes.Structure):
    """SF_INFO of libsndfile."""

    _fields_ = [
        ("frames", ctypes.c_int64),
        *((name, ctypes.c_int) for name in ("samplerate", "channels", "format", "sections", "seekable")),
    ]


class NoLibrary(Exception):
    """A decoder is not installed on this machine."""


def by_ffmpeg(tools: Tools, file: Path) -> "array[float]":
    """All samples, interleaved, as the other decoders give them."""
    command = [tools.ffmpeg, "-v", "error", "-i", str(file), "-f", "f32le", "pipe:1"]
    return array("f", subprocess.run(command, stdout=subprocess.PIPE, check=True, timeout=120).stdout)


def by_mpg123(file: Path) -> "array[float]":
    library = _library("mpg123")
    library.mpg123_init()
    library.mpg123_new.restype = ctypes.c_void_p
    handle = ctypes.c_void_p(library.mpg123_new(None, None))
    flags = MPG123_FORCE_FLOAT | MPG123_QUIET
    library.mpg123_param(handle, MPG123_ADD_FLAGS, ctypes.c_long(flags), ctypes.c_double(0))
    if library.mpg123_open(handle, str(file).encode()) != MPG123_OK:
        raise ValueError("libmpg123 cannot open the file")
    block, done, samples = ctypes.create_string_buffer(BLOCK_BYTES), ctypes.c_size_t(), array("f")
    status = MPG123_OK
    while status in (MPG123_OK, MPG123_NEW_FORMAT):
        status = library.mpg123_read(handle, block, ctypes.c_size_t(BLOCK_BYTES), ctypes.byref(done))
        samples.frombytes(block.raw[: done.value])
    library.mpg123_close(handle)
    library.mpg123_delete(handle)
    if status != MPG123_DONE:
        raise ValueError(f"libmpg123 ended with {status}")
    return samples


def by_sndfile(file: Path) -> "array[float]":
    library = _library("sndfile")
    library.sf_open.restype = ctypes.c_void_p
    library.sf_readf_float.restype = ctypes.c_int64
    info = SoundFileInfo()
    opened = ctypes.c_void_p(library.sf_open(str(file).encode(), SFM_READ, ctypes.byref(info)))
    if not opened:
        raise ValueError("libsndfile cannot open the file")
    count = BLOCK_BYTES // 4 // info.channels
    block, samples = (ctypes.c_float * (count * info.channels))(), array("f")
    while (read := library.sf_readf_float(opened, block, ctypes.c_int64(count))) > 0:
        samples.extend(block[: read * info.channels])
    library.sf_close(opened)
    return samples


def _library(name: str) -> ctypes.CDLL:
    found = ctypes.util.find_library(name)
    if found is None:
        raise NoLibrary(name)
    return ctypes.CDLL(found)
