"""A cover: which picture of the source it is taken from, and the form in which a file carries it.

A stranger's picture is never passed on: it is decoded, made small and encoded again, by a program that does
nothing else.
"""

import base64
import struct

import msgspec

from converter_service.media.containers import PICTURE_DECODERS
from converter_service.media.ffmpeg.job import Job
from converter_service.media.formats import Covers
from converter_service.media.transcoder import Picture

MAX_SIDE = 1000
MAX_BYTES = 1024 * 1024
# Of the source's picture: room for the frames of 8K videos and for photographs.
MAX_PIXELS = 50_000_000
QUALITY = 3
# Videos like to begin and end with black.
PLACE = 0.1
FRONT_COVER = 3
FRAME_HEADERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


class View(msgspec.Struct, frozen=True):
    """Where to look: `at_s` seconds into the file for a video, nowhere in particular for a picture."""

    picture: Picture
    at_s: float | None = None


def views(job: Job) -> tuple[View, ...]:
    """The places to take the cover from, the best first."""
    if job.form.covers is Covers.NONE or job.options.cover == "none":
        return ()
    known = [picture for picture in job.info.pictures if picture.codec in PICTURE_DECODERS]
    attached = tuple(View(picture) for picture in known if picture.is_attached)[:1]
    if job.options.cover != "auto":
        return attached
    moving = next((picture for picture in known if not picture.is_attached), None)
    if moving is None:
        return attached
    return (*attached, View(moving, _place_s(job)), View(moving, 0.0))


def _place_s(job: Job) -> float:
    begin_s = job.options.start or 0.0
    return begin_s + PLACE * (job.expected_s or 0.0)


def jpeg_size(picture: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG (ITU-T T.81, B.2.2), None when it is none."""
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
    """The value of METADATA_BLOCK_PICTURE (RFC 9639 §8.8, in base64): how Ogg carries a picture."""
    kind = b"image/jpeg"
    return base64.b64encode(
        struct.pack(">II", FRONT_COVER, len(kind))
        + kind
        + struct.pack(">IIIIII", 0, *size, 24, 0, len(jpeg))
        + jpeg
    ).decode()
