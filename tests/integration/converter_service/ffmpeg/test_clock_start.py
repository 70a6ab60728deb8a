"""Files whose clock does not begin at 0: parts of recordings, segments of streams."""

import struct
from array import array
from pathlib import Path

import pytest

from converter_service.media.boxes import boxes
from converter_service.media.errors import Fault, MediaError
from tests.support.audio_checks import TranscodingHarness
from tests.support.audio_signals import CORRELATED_HZ, chirp, likeness, wave
from tests.support.media import Media

SECONDS = 4.0
PICTURE = ("-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}")
EBML, DURATION = b"\x1a\x45\xdf\xa3", b"\x44\x89\x88"
FRAGMENTS = ("-movflags", "empty_moov+default_base_moof", "-frag_duration", "1000000", "-c:a", "aac")


def late(media: Media, container: str, codec: str, offset: str, *settings: str) -> Path:
    codec_of_picture = {"webm": "libvpx", "wtv": "mpeg2video"}.get(container, "mpeg4")
    picture = (*PICTURE, "-c:v", codec_of_picture) if container != "mka" else ()
    return media.made(
        [*picture, *chirp(SECONDS), "-c:a", codec, "-g", "25", "-output_ts_offset", offset, *settings],
        container,
    )


@pytest.mark.parametrize(
    ("container", "codec", "offset"),
    [
        ("mkv", "aac", "100"),
        ("mkv", "libmp3lame", "3"),
        ("webm", "libopus", "1"),
        ("mka", "flac", "0.4"),
        ("nut", "aac", "100"),
        ("wmv", "wmav2", "30"),
        ("mp4", "aac", "100"),
        ("flv", "aac", "5"),
        ("flv", "libmp3lame", "2.5"),
        ("mkv", "aac", "3600"),
        ("flv", "aac", "3600"),
        ("wmv", "wmav2", "3600"),
        ("wtv", "mp2", "30"),
        ("wtv", "ac3", "2"),
    ],
)
async def test_a_file_whose_clock_begins_late_is_whole(
    harness: TranscodingHarness, media: Media, container: str, codec: str, offset: str
) -> None:
    source = late(media, container, codec, offset)
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(SECONDS, abs=0.15)
    assert output.gaps_s == 0
    alike, lag_s = likeness(wave(source), wave(harness.result))
    assert (alike > 0.98, abs(lag_s) < 0.03) == (True, True)
    await assert_cut(harness, source, wave(harness.result))


async def assert_cut(harness: TranscodingHarness, source: Path, sound: "array[float]") -> None:
    """A part of the source is that part of its whole `sound`, which begins later by a frame or two of the
    codec in Windows Media.
    """
    within_s = 0.09 if source.suffix == ".wmv" else 0.05
    for start_s, end_s in ((1.0, 2.5), (2.0, 3.5)):
        cut = await harness.convert(source, format="flac", start=str(start_s), end=str(end_s))
        assert cut.duration_s == pytest.approx(end_s - start_s, abs=0.05)
        assert cut.gaps_s == 0
        due = sound[round(start_s * CORRELATED_HZ) : round(end_s * CORRELATED_HZ)]
        alike, lag_s = likeness(due, wave(harness.result))
        assert (alike > 0.98, abs(lag_s) < within_s) == (True, True)


@pytest.mark.parametrize(("offset", "codec"), [("1000", "aac"), ("7", "libmp3lame"), ("0.5", "pcm_s16le")])
async def test_a_stream_that_a_server_records_without_its_duration_is_whole(
    harness: TranscodingHarness, media: Media, offset: str, codec: str
) -> None:
    """libavformat takes the last timestamp of FLV for its duration then."""
    live = ("-ar", "44100", "-flvflags", "no_duration_filesize")
    source = late(media, "flv", codec, offset, *live)
    for fields in ({"format": "m4a"}, {"format": "flac"}):
        output = await harness.convert(source, **fields)
        assert output.duration_s == pytest.approx(SECONDS, abs=0.15)
        assert output.gaps_s == 0
        alike, lag_s = likeness(wave(source), wave(harness.result))
        assert (alike > 0.98, abs(lag_s) < 0.03) == (True, True)


@pytest.mark.parametrize("form", ["mp3", "m4a", "wav"])
async def test_a_fragmented_file_without_its_first_fragment_is_converted_from_the_second_on(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str
) -> None:
    whole = media.made([*chirp(SECONDS), *FRAGMENTS], "mp4")
    with whole.open("rb") as file:
        parts = [(box.name, box.at, box.end) for box in boxes(file, 0, whole.stat().st_size)]
    first = next(at for name, at, _ in parts if name == b"moof") - 8
    second = next(end for name, _, end in parts if name == b"mdat")
    content = whole.read_bytes()
    rest = tmp_path / "rest.mp4"
    rest.write_bytes(content[:first] + content[second:])
    output = await harness.convert(rest, format=form)
    assert output.duration_s == pytest.approx(SECONDS - 1, abs=0.15)
    assert output.source_duration_s == pytest.approx(SECONDS - 1, abs=0.15)


@pytest.mark.parametrize(("codec", "late_s"), [("libmp3lame", "0.7"), ("ac3", "3"), ("aac", "1.5")])
async def test_sound_of_an_avi_file_that_begins_behind_its_picture_is_whole(
    harness: TranscodingHarness, media: Media, codec: str, late_s: str
) -> None:
    """Its declared duration counts the empty chunks before it, which libavformat skips."""
    source = media.made(
        [*PICTURE, "-itsoffset", late_s, *chirp(SECONDS), "-c:v", "mpeg4", "-c:a", codec], "avi"
    )
    for form in ("mp3", "flac"):
        output = await harness.convert(source, format=form)
        assert output.duration_s == pytest.approx(SECONDS, abs=0.1)
        alike, lag_s = likeness(wave(source), wave(harness.result))
        assert (alike > 0.98, abs(lag_s) < 0.03) == (True, True)


@pytest.mark.parametrize(("container", "codec"), [("mkv", "aac"), ("wmv", "wmav2")])
async def test_a_file_whose_clock_begins_late_is_refused_if_it_is_cut_off(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, codec: str
) -> None:
    content = late(media, container, codec, "100").read_bytes()
    half = tmp_path / f"half.{container}"
    half.write_bytes(content[: len(content) // 2])
    with pytest.raises(MediaError) as refused:
        await harness.convert(half)
    assert refused.value.code is Fault.UNREADABLE_MEDIA


@pytest.mark.parametrize("keep", [0.6, 0.8])
@pytest.mark.parametrize(
    ("container", "codec", "offset"),
    [
        ("flv", "aac", "2.5"),
        ("flv", "libmp3lame", "1.5"),
        ("mp4", "aac", "3"),
        ("mkv", "aac", "3"),
        ("mka", "flac", "2"),
    ],
)
async def test_a_file_that_declares_its_length_is_refused_if_it_is_cut_off_behind_that_time_on_its_clock(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    container: str,
    codec: str,
    offset: str,
    keep: float,
) -> None:
    """The file ends later on its clock than after as many seconds as it should last."""
    whole = late(media, container, codec, offset, "-movflags", "+faststart")
    source = tmp_path / f"source.{container}"
    source.write_bytes(with_length(whole.read_bytes()))
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(SECONDS, abs=0.15)
    half = tmp_path / f"half.{container}"
    half.write_bytes(source.read_bytes()[: int(source.stat().st_size * keep)])
    with pytest.raises(MediaError, match="cut off") as refused:
        await harness.convert(half)
    assert refused.value.code is Fault.UNREADABLE_MEDIA


def with_length(content: bytes) -> bytes:
    """Matroska with the length that mkvmerge writes in place of the time of the end, which ffmpeg writes."""
    if content[:4] != EBML:
        return content
    at = content.index(DURATION) + len(DURATION)
    return content[:at] + struct.pack(">d", SECONDS * 1000) + content[at + 8 :]


def recorded_by_nginx(flv: bytes) -> bytes:
    """With the metadata that nginx-rtmp writes first: ffmpeg reads such files with another demuxer."""
    server = b"NGINX RTMP (github.com/arut/nginx-rtmp-module)"
    body = b"\2\0\x0aonMetaData\3\0\6Server\2" + len(server).to_bytes(2, "big") + server + b"\0\0\x09"
    tag = b"\x12" + len(body).to_bytes(3, "big") + bytes(7) + body + (11 + len(body)).to_bytes(4, "big")
    return flv[:13] + tag + flv[13:]


@pytest.mark.parametrize("offset", ["0", "1000"])
@pytest.mark.parametrize("form", ["mp3", "flac"])
async def test_a_recording_of_nginx_rtmp_is_whole(
    harness: TranscodingHarness, media: Media, tmp_path: Path, form: str, offset: str
) -> None:
    live = ("-ar", "44100", "-flvflags", "no_duration_filesize")
    source = tmp_path / "recorded.flv"
    source.write_bytes(recorded_by_nginx(late(media, "flv", "aac", offset, *live).read_bytes()))
    assert (await harness.probe(source)).container == "flv"
    output = await harness.convert(source, format=form)
    assert output.duration_s == pytest.approx(SECONDS, abs=0.15)
    alike, lag_s = likeness(wave(source), wave(harness.result))
    assert (alike > 0.98, abs(lag_s) < 0.03) == (True, True)
