"""Old, unsynchronised, repeated and large ID3 tags, APEv2 tags, and texts in charsets that ID3 lacks."""

from pathlib import Path

import pytest
from mutagen.apev2 import APEv2, APEValue

from tests.support.audio_checks import TranscodingHarness
from tests.support.id3_files import id3v1, id3v2, large
from tests.support.media import Media, probe

TONE = ("-f", "lavfi", "-i", "sine=f=440:d=3:r=44100", "-fflags", "+bitexact", "-flags:a", "+bitexact")
PICTURE = ("-f", "lavfi", "-i", "testsrc=size=64x36", "-frames:v", "1")
SONG = ("Títle", "Ärtist 曲", "Album")
FORMS = {
    "2.2": (2, False),
    "2.2 unsynchronised": (2, True),
    "2.3 unsynchronised": (3, True),
    "2.4 unsynchronised": (4, True),
}


@pytest.mark.parametrize("cover", ["none", "small", "large"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("container", ["flac", "aac", "mp3"])
async def test_words_and_cover_of_every_kind_of_tag_arrive(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, form: str, cover: str
) -> None:
    version, unsynchronised = FORMS[form]
    tag = id3v2(version, *SONG, picture=picture(media, cover), unsynchronised=unsynchronised)
    await assert_words(harness, written(tmp_path, tag + media.made(TONE, container).read_bytes()))
    assert has_cover(harness) == (cover != "none")


@pytest.mark.parametrize("container", ["flac", "aac", "mp3", "ac3"])
@pytest.mark.parametrize("first", [2, 3, 4])
async def test_a_second_tag_hides_neither_sound_nor_words(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, first: int
) -> None:
    """What both have is taken from the first one."""
    tags = id3v2(first, SONG[0]) + id3v2(
        7 - max(3, first), "Other", *SONG[1:], picture=picture(media, "large")
    )
    await assert_words(harness, written(tmp_path, tags + media.made(TONE, container).read_bytes()))
    assert has_cover(harness)


@pytest.mark.parametrize("with_id3v1", [False, True])
@pytest.mark.parametrize("container", ["mp3", "aac", "wv", "tta"])
async def test_an_apev2_tag_at_the_end_is_read(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, *, with_id3v1: bool
) -> None:
    old = id3v1("Cut", "Off", "Words", "ascii") if with_id3v1 else b""
    source = written(tmp_path, media.made(TONE, container).read_bytes() + old)
    tag = APEv2()
    tag.update(zip(("Title", "Artist", "Album"), SONG, strict=True))
    tag["Cover Art (Front)"] = APEValue(b"front.jpg\0" + picture(media, "small"), 1)
    tag.save(source)
    await assert_words(harness, source)
    assert has_cover(harness)


@pytest.mark.parametrize("kind", ["2.3", "2.4", "1"])
@pytest.mark.parametrize(
    ("words", "charset"),
    [
        (("Группа крови", "Кино", "Лучшее"), "windows-1251"),
        (("Dziwny jest ten świat", "Czesław Niemen", "Złota kolekcja"), "windows-1250"),
        (("Σ' αγαπώ", "Μίκης Θεοδωράκης", "Τραγούδια"), "windows-1253"),
        (("Şarkı söylemek lazım", "Barış Manço", "Yeni bir gün"), "windows-1254"),  # noqa: RUF001
        (("ירושלים של זהב", "שולי נתן", "שירים"), "windows-1255"),
        (("Ça m'énerve déjà", "Björk", "Größte Hits"), "windows-1252"),
    ],
)
async def test_texts_in_legacy_charsets_are_words(
    harness: TranscodingHarness,
    media: Media,
    tmp_path: Path,
    words: tuple[str, str, str],
    charset: str,
    kind: str,
) -> None:
    song = media.made(TONE, "mp3").read_bytes()
    if kind == "1":
        source = written(tmp_path, song + id3v1(*words, charset))
    else:
        source = written(tmp_path, id3v2(int(kind[2]), *words, charset=charset) + song)
    await assert_words(harness, source, words)


async def test_utf8_that_is_marked_as_latin_1_is_utf8(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    song = id3v2(3, *SONG, charset="utf-8") + media.made(TONE, "mp3").read_bytes()
    await assert_words(harness, written(tmp_path, song))


async def test_a_tag_that_cannot_be_read_hides_no_sound(
    harness: TranscodingHarness, media: Media, tmp_path: Path
) -> None:
    broken = (b"ID3" + bytes((9, 9, 0x80)) + bytes((0, 63, 0, 0)) + b"\xff" * (63 << 14)) * 2
    output = await harness.convert(written(tmp_path, broken + media.made(TONE, "flac").read_bytes()))
    assert output.duration_s == pytest.approx(3.0, abs=0.1)


def written(folder: Path, content: bytes) -> Path:
    file = folder / "song"
    file.write_bytes(content)
    return file


def picture(media: Media, cover: str) -> bytes:
    if cover == "none":
        return b""
    jpeg = media.made(PICTURE, "jpg").read_bytes()
    return large(jpeg) if cover == "large" else jpeg


async def assert_words(harness: TranscodingHarness, source: Path, words: tuple[str, ...] = SONG) -> None:
    output = await harness.convert(source, format="flac")
    assert output.duration_s == pytest.approx(3.0, abs=0.1)
    tags = {name.lower(): text for name, text in probe(harness.result)["format"]["tags"].items()}
    assert tuple(tags.get(name) for name in ("title", "artist", "album")) == words


def has_cover(harness: TranscodingHarness) -> bool:
    return any(stream["codec_type"] == "video" for stream in probe(harness.result)["streams"])
