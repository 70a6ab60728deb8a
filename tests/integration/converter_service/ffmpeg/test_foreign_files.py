"""Files of another kind are refused by the name of their format, and never called damaged."""

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media

HLS = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\na.ts\n"
DASH = b'<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"></MPD>\n'
SDP = b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nm=audio 5004 RTP/AVP 0\r\n"
MIDI = bytes.fromhex("4d546864 00000006 0001 0001 0060 4d54726b 00000004 00ff2f00")
SUBTITLES = b"1\n00:00:01,000 --> 00:00:02,000\nhello\n\n2\n00:00:03,000 --> 00:00:04,000\nhello\n"


def zipped(name: str) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(name, b"x" * 100)
    return archive.getvalue()


def encrypted(archive: bytes) -> bytes:
    """Sets the flag of the first entry."""
    return archive[:6] + bytes([archive[6] | 1]) + archive[7:]


def tarred() -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as file:
        file.addfile(tarfile.TarInfo("song.mp3"))
    return archive.getvalue()


FOREIGN = {
    "an HLS playlist": HLS,
    "an M3U playlist": b"#EXTM3U\n#EXTINF:5,\nsong.mp3\n",
    "a PLS playlist": b"[playlist]\nFile1=http://example.org/\n",
    "a DASH manifest": DASH,
    "an SDP description": SDP,
    "a list of files for ffmpeg": b"ffconcat version 1.0\nfile song.mp3\n",
    "an XML file": b'<?xml version="1.0"?>\n<project/>\n',
    "a MIDI file": MIDI,
    "a tracker module": b"Extended Module: " + bytes(400),
    "a ZIP archive": zipped("song.mp3"),
    "an encrypted ZIP archive": encrypted(zipped("song.mp3")),
    "an Office document": zipped("[Content_Types].xml"),
    "a TAR archive": tarred(),
    "an AppleDouble file": bytes.fromhex("00051607 00020000") + bytes(4000),
    "a HEIC image": b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(200),
    "a PDF document": b"%PDF-1.7\n" + bytes(200),
    "a subtitle file": SUBTITLES,
    "a text file": "Überschrift\n\nNothing to hear.\n".encode() * 200,
}


@pytest.mark.parametrize("name", FOREIGN)
async def test_a_file_of_another_kind_is_refused_by_name(
    harness: TranscodingHarness, tmp_path: Path, name: str
) -> None:
    fault = await refusal(harness, written(tmp_path, FOREIGN[name]))
    assert fault.code is Fault.UNSUPPORTED_MEDIA
    assert f"The file is {name}" in fault.message


async def test_a_format_that_only_ffmpeg_knows_is_named(harness: TranscodingHarness, media: Media) -> None:
    source = media.made(["-f", "lavfi", "-i", "sine=d=3", "-c:a", "pcm_s16le"], "sf")
    fault = await refusal(harness, source)
    assert (fault.code, fault.message) == (
        Fault.UNSUPPORTED_MEDIA,
        "The file is of the format ircam, which is not supported.",
    )


@pytest.mark.parametrize("container", ["h264", "ivf", "m2v"])
async def test_a_stream_of_pictures_alone_has_no_audio(
    harness: TranscodingHarness, media: Media, container: str
) -> None:
    source = media.made(["-f", "lavfi", "-i", "testsrc=size=64x36:d=2", "-pix_fmt", "yuv420p"], container)
    assert (await refusal(harness, source)).code is Fault.NO_AUDIO_TRACK


@pytest.mark.parametrize("damage", [b"", b"\0" * 5000, b"\xff" * 5000, bytes(range(256)) * 40])
async def test_what_is_of_no_known_kind_is_called_unreadable(
    harness: TranscodingHarness, tmp_path: Path, damage: bytes
) -> None:
    assert (await refusal(harness, written(tmp_path, damage))).code is Fault.UNREADABLE_MEDIA


async def test_a_damaged_file_of_an_accepted_kind_is_called_damaged(
    harness: TranscodingHarness, media: Media
) -> None:
    without_index = media.truncated(media.video(), 0.5)
    assert (await refusal(harness, without_index)).code is Fault.UNREADABLE_MEDIA


def written(directory: Path, content: bytes) -> Path:
    path = directory / "source"
    path.write_bytes(content)
    return path


async def refusal(harness: TranscodingHarness, source: Path) -> MediaError:
    with pytest.raises(MediaError) as refused:
        await harness.convert(source)
    return refused.value
