"""Cover art: the choice of a picture of the source, and its representation in Ogg files.

The source's picture is never copied: a separate ffmpeg decodes it, scales it down and encodes a JPEG.
"""

import base64
import struct
from pathlib import Path

import msgspec

from converter_service.media.audio_format import Covers
from converter_service.media.decoders import PICTURE_DECODERS
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.media_info import Picture

MAX_SIDE = 1000
MAX_BYTES = 1024 * 1024
QUALITY = 3
# The share of the duration at which a frame is taken: videos often begin and end with black.
PLACE = 0.1
FRONT_COVER = 3
SNIFFED_BYTES = 12
# Place and bytes of a picture file's mark, its codec and ffmpeg's demuxer.
PICTURE_FILES = (
    (0, b"\xff\xd8\xff", "mjpeg", "jpeg_pipe"),
    (0, b"\x89PNG", "png", "png_pipe"),
    (8, b"WEBP", "webp", "webp_pipe"),
    (0, b"GIF8", "gif", "gif"),
    (0, b"BM", "bmp", "bmp_pipe"),
)
FRAME_HEADERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class CoverSource(msgspec.Struct, frozen=True):
    """A picture stream of the source; `at_s` is the position of the frame in a video, None for an attached
    one. `file` is a picture of its own, `demuxer` ffmpeg's for it.
    """

    picture: Picture
    at_s: float | None = None
    file: Path | None = None
    demuxer: str = ""


def cover_sources(job: TranscodeJob) -> tuple[CoverSource, ...]:
    """The pictures to try in turn, the best first."""
    if job.form.covers is Covers.NONE or job.options.cover == "none":
        return ()
    known = [picture for picture in job.info.pictures if picture.codec in PICTURE_DECODERS]
    fronts_first = sorted(known, key=lambda picture: not picture.is_front)
    attached = tuple(CoverSource(picture) for picture in fronts_first if picture.is_attached)[:1]
    attached = (*attached, *_copied(job.info.cover_file))
    if job.options.cover != "auto":
        return attached
    moving = next((picture for picture in known if not picture.is_attached), None)
    if moving is None:
        return attached
    place_s = (job.options.start or 0.0) + PLACE * (job.expected_s or 0.0)
    return (*attached, CoverSource(moving, place_s), CoverSource(moving, 0.0))


def _copied(file: Path | None) -> tuple[CoverSource, ...]:
    """The cover that the tag reader saved, for pictures that ffmpeg does not find."""
    if file is None:
        return ()
    with file.open("rb") as opened:
        head = opened.read(SNIFFED_BYTES)
    for at, magic, codec, demuxer in PICTURE_FILES:
        if head[at:].startswith(magic):
            return (
                CoverSource(Picture(stream=0, codec=codec, is_attached=True), file=file, demuxer=demuxer),
            )
    return ()


def jpeg_size(picture: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG (ITU-T T.81, B.2.2), None if the bytes are no JPEG."""
    if picture[:2] != b"\xff\xd8" or picture[-2:] != b"\xff\xd9":
        return None
    position = 2
    while position + 9 <= len(picture) and picture[position] == 0xFF:
        marker, length = picture[position + 1], int.from_bytes(picture[position + 2 : position + 4], "big")
        if marker in FRAME_HEADERS:
            height, width = struct.unpack_from(">HH", picture, position + 5)
            return (width, height) if width and height else None
        position += 2 + length
    return None


def picture_comment(jpeg: bytes, size: tuple[int, int]) -> str:
    """The value of the Vorbis comment METADATA_BLOCK_PICTURE: RFC 9639 §8.8 in base64."""
    kind = b"image/jpeg"
    return base64.b64encode(
        struct.pack(">II", FRONT_COVER, len(kind))
        + kind
        + struct.pack(">IIIIII", 0, *size, 24, 0, len(jpeg))
        + jpeg
    ).decode()
