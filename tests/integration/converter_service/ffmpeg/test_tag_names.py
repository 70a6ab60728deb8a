"""Each tag has the name that players of the result's format look for, and tracks give no title."""

from pathlib import Path
from typing import Any

import pytest
from mutagen.flac import FLAC
from mutagen.id3 import COMM, ID3, TXXX, USLT, Frames
from mutagen.mp4 import MP4
from mutagen.oggopus import OggOpus

from tests.support.audio_checks import TranscodingHarness
from tests.support.media import Media, probe

TONE = ("-f", "lavfi", "-i", "sine=f=440:d=2:r=44100", "-fflags", "+bitexact", "-flags:a", "+bitexact")
TEXTS = {"TALB": "Album", "TPE2": "Band", "TRCK": "3/12", "TPOS": "1/2", "TCOM": "Composer", "TCMP": "1",
         "TSOP": "Sort", "TSO2": "Band Sort",
         "TDRC": "2020-05-01", "TBPM": "120", "TSRC": "GBAYE0601498"}  # fmt: skip
COMMENTS = {"album": "Album", "albumartist": "Band", "tracknumber": "3", "tracktotal": "12",
            "discnumber": "1",
            "disctotal": "2", "composer": "Composer", "compilation": "1",
            "artistsort": "Sort",
            "albumartistsort": "Band Sort", "date": "2020-05-01", "bpm": "120", "isrc": "GBAYE0601498",
            "lyrics": "la\nla", "comment": "Remark"}  # fmt: skip
ATOMS = {"\xa9alb": "Album", "aART": "Band", "trkn": [(3, 12)], "disk": [(1, 2)], "\xa9wrt": "Composer",
         "cpil": True, "soar": "Sort", "soaa": "Band Sort", "\xa9day": "2020-05-01", "tmpo": [120],
         "----:com.apple.iTunes:ISRC": b"GBAYE0601498", "\xa9lyr": "la\nla", "\xa9cmt": "Remark"}  # fmt: skip


def tagged(media: Media, container: str, target: Path) -> Path:
    target.write_bytes(media.made(TONE, container).read_bytes())
    if container == "mp3":
        tag: Any = ID3()
        for name, text in TEXTS.items():
            tag.add(Frames[name](encoding=3, text=[text]))
        tag.add(USLT(encoding=3, lang="eng", desc="", text="la\nla"))
        tag.add(COMM(encoding=3, lang="eng", desc="", text="Remark"))
        tag.add(TXXX(encoding=3, desc="BARCODE", text=["1234"]))
        tag.save(target)
        return target
    file: Any = FLAC(target) if container == "flac" else MP4(target)
    for name, value in (COMMENTS if container == "flac" else ATOMS).items():
        file[name] = value
    file["barcode" if container == "flac" else "----:com.apple.iTunes:BARCODE"] = (
        "1234" if container == "flac" else b"1234"
    )
    file.save()
    return target


def read_id3(result: Path) -> dict[str, str]:
    tags: Any = ID3(result)
    named = {name: str(tags[name].text[0]) for name in TEXTS if name in tags}
    (lyrics,), (comment,) = tags.getall("USLT"), tags.getall("COMM")
    barcode = {frame.desc.lower(): frame.text[0] for frame in tags.getall("TXXX")}.pop("barcode")
    return {**named, "lyrics": lyrics.text, "comment": comment.text[0], "barcode": barcode}


def read_comments(file: Any) -> dict[str, str]:
    wanted = (*COMMENTS, "barcode")
    return {name: file.tags[name][0] for name in wanted if name in file.tags}


def read_atoms(result: Path) -> dict[str, object]:
    tags: Any = MP4(result).tags
    freeform = {
        key.split(":")[2].lower(): bytes(value[0]).decode() for key, value in tags.items() if key[0] == "-"
    }
    whole = ("cpil", "trkn", "disk", "tmpo")
    plain = {
        key: tags[key] if key in whole else tags[key][0] for key in ATOMS if key in tags and key[0] != "-"
    }
    return {**plain, "isrc": freeform["isrc"], "barcode": freeform["barcode"]}


@pytest.mark.parametrize("form", ["mp3", "m4a", "flac", "opus"])
@pytest.mark.parametrize("container", ["mp3", "flac", "m4a"])
async def test_tags_have_the_names_of_the_results_format(
    harness: TranscodingHarness, media: Media, tmp_path: Path, container: str, form: str
) -> None:
    await harness.convert(tagged(media, container, tmp_path / "song"), format=form)
    if form == "mp3":
        assert read_id3(harness.result) == {
            **TEXTS,
            "lyrics": "la\nla",
            "comment": "Remark",
            "barcode": "1234",
        }
        assert ID3(harness.result).version == (2, 3, 0)
    elif form == "m4a":
        plain = {key: value for key, value in ATOMS.items() if key[0] != "-"}
        assert read_atoms(harness.result) == {**plain, "isrc": "GBAYE0601498", "barcode": "1234"}
    else:
        file: Any = (FLAC if form == "flac" else OggOpus)(harness.result)
        assert read_comments(file) == {**COMMENTS, "barcode": "1234"}


@pytest.mark.parametrize(
    ("container", "codec", "field"),
    [
        ("mkv", "aac", "title"),
        ("mka", "flac", "title"),
        ("mp4", "aac", "handler_name"),
        ("mov", "pcm_s16le", "handler_name"),
        ("avi", "mp2", "title"),
        ("nut", "mp2", "title"),
    ],
)
@pytest.mark.parametrize("form", ["mp3", "m4a", "flac"])
async def test_the_name_of_a_track_is_no_title(
    harness: TranscodingHarness, media: Media, container: str, codec: str, field: str, form: str
) -> None:
    named = ["-c:a", codec, "-metadata:s:a:0", f"{field}=Surround 5.1"]
    await harness.convert(media.made([*TONE, *named], container), format=form)
    found = probe(harness.result)
    tags = {**found["streams"][0].get("tags", {}), **found["format"].get("tags", {})}
    assert "title" not in {name.lower() for name in tags}
    assert not any("Surround" in text for text in tags.values())
