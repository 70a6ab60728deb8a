"""Choice of covers, and their form in Ogg files."""

import base64
from pathlib import Path

import pytest

from converter_service.media.ffmpeg.cover import CoverSource, cover_sources, jpeg_size, picture_comment
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.media_info import AudioTrack, MediaInfo, Picture
from converter_service.media.option_parser import parse

PHOTO = Picture(stream=2, codec="mjpeg", is_attached=True)
VIDEO = Picture(stream=0, codec="h264")
# Start of image, an empty quantisation table, a frame of 3 x 2 pixels, end of image.
JPEG = bytes.fromhex("ffd8 ffdb0002 ffc0000b 08 0002 0003 01 011100 ffd9")


def seen(*pictures: Picture, **fields: str) -> tuple[CoverSource, ...]:
    track = AudioTrack(index=0, stream=1, codec="aac", channels=2, sample_rate=48_000)
    info = MediaInfo(container="mp4", duration_s=100.0, audio_tracks=(track,), pictures=pictures)
    job = TranscodeJob(source=Path("s"), info=info, track=track, options=parse(fields), target=Path("t"))
    return cover_sources(job)


def test_the_sources_picture_is_kept_and_a_frame_is_taken_only_on_request() -> None:
    assert seen(VIDEO, PHOTO) == (CoverSource(PHOTO),)
    assert seen(VIDEO) == ()
    assert seen(VIDEO, cover="auto") == (CoverSource(VIDEO, 10.0), CoverSource(VIDEO, 0.0))
    assert seen(VIDEO, PHOTO, cover="auto")[0] == CoverSource(PHOTO)
    assert seen(VIDEO, PHOTO, cover="none") == ()


def test_a_part_of_a_video_is_shown_by_a_frame_of_that_part() -> None:
    assert seen(VIDEO, cover="auto", start="50", end="70")[0] == CoverSource(VIDEO, 52.0)


def test_unknown_codecs_are_skipped_and_wav_has_no_cover() -> None:
    assert seen(Picture(stream=0, codec="ansi"), cover="auto") == ()
    assert seen(PHOTO, format="wav") == ()


def test_a_jpeg_is_recognised_by_its_frame() -> None:
    assert jpeg_size(JPEG) == (3, 2)


@pytest.mark.parametrize(
    "picture",
    [b"", b"\xff\xd8\xff\xd9", JPEG[:-2], b"GIF89a" + JPEG, JPEG.replace(b"\x00\x02\x00\x03", bytes(4)),
     b"\xff\xd8" + b"\xff\xe0\x00\x00" * 9 + b"\xff\xd9"],
)  # fmt: skip
def test_other_bytes_are_no_jpeg(picture: bytes) -> None:
    assert jpeg_size(picture) is None


def test_oggs_picture_is_a_flac_block_in_base64() -> None:
    block = base64.b64decode(picture_comment(JPEG, (3, 2)))
    assert block[:4] == (3).to_bytes(4, "big")
    assert b"image/jpeg" in block
    assert block.endswith(len(JPEG).to_bytes(4, "big") + JPEG)
