"""Signatures of formats that hold no audio are recognised; media is never refused."""

from pathlib import Path

import pytest

from converter_service.uploads.sniffing import LOOK_BYTES, not_media
from tests.support.media import USUAL, Media


@pytest.mark.parametrize(
    "head",
    [
        b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"GIF89a",
        b"PK\x03\x04\x14\x00",
        b"%PDF-1.7",
        b"RIFF\x10\x00\x00\x00WEBPVP8 ",
        b"<!DOCTYPE html>",
    ],
)
def test_pictures_archives_and_documents_are_refused(head: bytes) -> None:
    assert not_media(head[:LOOK_BYTES])


@pytest.mark.parametrize("container", sorted(USUAL))
def test_no_container_is_refused(media: Media, container: str) -> None:
    assert not_media(_head(media.video(container=container))) is None


@pytest.mark.parametrize("container", ["wav", "mp3", "flac", "ogg", "m4a", "aac", "ac3", "aiff"])
def test_no_audio_file_is_refused(media: Media, container: str) -> None:
    assert not_media(_head(media.audio(container=container))) is None


def _head(path: Path) -> bytes:
    return path.read_bytes()[:LOOK_BYTES]
