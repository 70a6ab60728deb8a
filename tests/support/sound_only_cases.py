"""Videos whose sound alone has to give the result of the whole: containers, codecs, clocks, tracks, tags."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.edit_lists import Edit, with_edits
from tests.support.media import Media

SECONDS = 4
PICTURE = ("-f", "lavfi", "-i", f"testsrc=size=320x180:rate=25:duration={SECONDS},noise=alls=40:allf=t")
# A rising tone: each part of it sounds unlike the others.
TONE = ("-f", "lavfi", "-i", f"aevalsrc=0.3*sin(2*PI*(300+100*t)*t):s=48000:d={SECONDS}")
OTHER = ("-f", "lavfi", "-i", f"aevalsrc=0.3*sin(2*PI*900*t)|0.2*sin(2*PI*700*t):s=44100:d={SECONDS}")
FIRST_TWO = ("-map", "0", "-map", "1")
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-b:v", "2M", "-pix_fmt", "yuv420p", "-bf", "2")
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-b:v", "2M")
CODECS: Mapping[str, tuple[str, ...]] = {
    "mp4": ("aac", "libmp3lame", "libopus", "flac", "alac", "ac3", "eac3"),
    "mov": ("aac", "libmp3lame", "alac", "ac3", "eac3"),
    "mkv": ("aac", "libmp3lame", "libopus", "libvorbis", "flac", "ac3", "eac3"),
    "webm": ("libopus", "libvorbis"),
}
USUAL = {"mp4": "aac", "mov": "aac", "mkv": "aac", "webm": "libopus"}
SPEECH = ("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu")
SECOND_FIRST = ("-disposition:a:0", "0", "-disposition:a:1", "default")
COMMENTARY = ("-metadata:s:a:0", "title=Director's Commentary", "-metadata:s:a:1", "title=Main")
TAGS = ("-metadata", "title=A title", "-metadata", "artist=Somebody", "-metadata", "comment=Two\nlines")
CHANGING = ("-vf", "select=not(eq(mod(n\\,7)\\,3))*not(between(n\\,40\\,70))", "-vsync", "vfr")
CHAPTERS = """;FFMETADATA1
title=With chapters
[CHAPTER]
TIMEBASE=1/1000
START=0
END=1500
title=One
[CHAPTER]
TIMEBASE=1/1000
START=1500
END=4000
title=Two
"""
SUBTITLES = "1\n00:00:00,500 --> 00:00:02,000\nA line\n\n2\n00:00:02,500 --> 00:00:03,000\nAnother\n\n"


@dataclass(frozen=True)
class Case:
    """`arguments` of ffmpeg; `fields` are the options of the conversion."""

    container: str
    arguments: tuple[str, ...]
    fields: Mapping[str, str] = field(default_factory=dict)

    def made(self, media: Media) -> Path:
        (media.directory / "chapters.txt").write_text(CHAPTERS)
        (media.directory / "lines.srt").write_text(SUBTITLES)
        files = {"PICTURE_FILE": media.picture(container="jpg"), "CHAPTERS": media.directory / "chapters.txt"}
        files["SUBTITLES"] = media.directory / "lines.srt"
        return media.made([str(files.get(word, word)) for word in self.arguments], self.container)


def cases() -> dict[str, Case]:
    found = {}
    for container, codecs in CODECS.items():
        for codec in codecs:
            found[f"{container} {codec}"] = Case(
                container, (*PICTURE, *TONE, *FIRST_TWO, *_codecs(container, codec), "-strict", "-2")
            )
        found |= {f"{container} {name}": case for name, case in _timed(container)}
        found |= {f"{container} {name}": case for name, case in _described(container)}
    return found | dict(_special())


def _codecs(container: str, sound: str = "") -> tuple[str, ...]:
    return (*(VP8 if container == "webm" else H264), "-c:a", sound or USUAL[container])


def _timed(container: str) -> Iterator[tuple[str, Case]]:
    """Sound and pictures that begin and end at different times."""
    both, codecs = (*PICTURE, *TONE, *FIRST_TWO), _codecs(container)
    late = (*PICTURE, "-itsoffset", "1.3", *TONE, *FIRST_TWO, *codecs)
    early = ("-itsoffset", "0.7", *PICTURE, *TONE, *FIRST_TWO, *codecs)
    negative = ("-output_ts_offset", "-0.5", "-avoid_negative_ts", "disabled")
    yield "late sound", Case(container, late)
    yield "late sound, cut", Case(container, late, {"start": "2", "end": "3"})
    yield "late pictures, cut", Case(container, early, {"start": "1"})
    yield "clock from 5 s", Case(container, (*both, *codecs, "-output_ts_offset", "5"), {"start": "1"})
    yield "clock from below 0", Case(container, (*both, *codecs, *negative))
    yield "variable frame rate", Case(container, (*both, *CHANGING, *codecs), {"start": "1.5"})
    yield "short sound", Case(container, (*PICTURE, "-f", "lavfi", "-i", "sine=d=1", *FIRST_TWO, *codecs))
    yield "long sound", Case(container, (*PICTURE, "-f", "lavfi", "-i", "sine=d=9", *FIRST_TWO, *codecs))


def _described(container: str) -> Iterator[tuple[str, Case]]:
    """Several tracks, tags, chapters, and other results."""
    both, codecs = (*PICTURE, *TONE, *FIRST_TWO), _codecs(container)
    three = (*PICTURE, *TONE, *OTHER, *FIRST_TWO, "-map", "2", *codecs)
    listed = ("-i", "CHAPTERS", *FIRST_TWO, "-map_metadata", "2", "-map_chapters", "2", *codecs)
    yield "second track is the default", Case(container, (*three, *SPEECH, *SECOND_FIRST))
    yield "first track is a commentary", Case(container, (*three, *COMMENTARY))
    yield "chosen track", Case(container, (*three, *SPEECH), {"audio_track": "1", "format": "m4a"})
    yield "tags", Case(container, (*both, *codecs, *TAGS))
    yield "chapters", Case(container, (*PICTURE, *TONE, *listed))
    late = (*PICTURE, "-itsoffset", "1.1", *TONE, *listed)
    yield "chapters and late sound", Case(container, late, {"format": "flac"})
    yield "loudness", Case(container, (*both, *codecs, "-g", "300"), {"format": "wav", "loudness": "-16"})
    yield "opus", Case(container, (*both, *codecs), {"format": "opus"})


def _special() -> Iterator[tuple[str, Case]]:
    both = (*PICTURE, *TONE, *FIRST_TWO)
    pictured = (*PICTURE, *TONE, "-i", "PICTURE_FILE", *FIRST_TWO, "-map", "2")
    cover = ("-c:v:1", "copy", "-disposition:v:1", "attached_pic")
    attached = ("-metadata:s:t", "mimetype=image/jpeg", "-metadata:s:t", "filename=cover.jpg")
    for container in ("mp4", "mov"):
        usual = (*both, *_codecs(container))
        yield f"{container} index first", Case(container, (*usual, "-movflags", "+faststart"))
        yield f"{container} no edit list", Case(container, (*usual, "-use_editlist", "0"))
        yield f"{container} cover", Case(container, (*pictured, *_codecs(container), *cover))
        yield f"{container} time code", Case(container, (*usual, "-timecode", "01:00:00:00"))
    yield "mkv cover", Case("mkv", (*both, *_codecs("mkv"), "-attach", "PICTURE_FILE", *attached))
    subtitles = (*PICTURE, *TONE, "-i", "SUBTITLES", *FIRST_TWO, "-map", "2")
    yield "mkv subtitles", Case("mkv", (*subtitles, *_codecs("mkv")))
    yield "mp4 subtitles", Case("mp4", (*subtitles, *_codecs("mp4"), "-c:s", "mov_text"))
    yield "webm recorded live", Case("webm", (*both, *_codecs("webm"), "-live", "1"))
    yield "mkv recorded live", Case("mkv", (*both, *_codecs("mkv"), "-live", "1"))


def edited(media: Media, target: Path) -> Path:
    """An MP4 whose sound has a silence in its middle and a part that is left out, by its edit list."""
    video = media.made([*PICTURE, *TONE, *FIRST_TWO, *_codecs("mp4")], "mp4")
    edits = [Edit(1.0, 0.0), Edit(0.5), Edit(1.5, 2.0)]
    return with_edits(video, target, edits, delay=1024)


def cut_by_copy(media: Media, target: Path, container: str) -> Path:
    """A video that begins in the middle of another one, without being encoded again."""
    video = media.made([*PICTURE, *TONE, *FIRST_TWO, *_codecs(container), "-g", "10"], container)
    arguments = ["-ss", "1.33", "-i", str(video), "-map", "0", "-c", "copy"]
    return media.made(arguments, container).rename(target)
