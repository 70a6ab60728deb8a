"""What a result says of itself: the source's tags, those asked for, and chapters. All of it bounded, in the
form of a file that ffmpeg reads (ffmpeg-formats, "Metadata"): no stranger's word is on a command line.
"""

import re
from collections.abc import Iterator, Mapping

from converter_service.media.ffmpeg.verify import Window
from converter_service.media.formats import Chapters, Format
from converter_service.media.options import Options
from converter_service.media.transcoder import AudioTrack, Chapter, MediaInfo

MAX_TAGS = 64
MAX_TAG_CHARACTERS = 8_000
MAX_ALL_CHARACTERS = 64_000
# The table of contents of ID3 counts with one byte (ID3v2 Chapter Frame Addendum, 3.2).
MAX_CHAPTERS = 255
MAX_TITLE_CHARACTERS = 200
SHORTEST_CHAPTER_S = 0.001
# As in comments of Vorbis and FLAC, without what this file's own syntax needs.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,63}")
# What a container says of itself, or of a stream that is not there any more, is no tag of the audio.
NOT_KEPT = re.compile(
    r"major_brand|minor_version|compatible_brands|encoder|encodersettings|creation_time|duration.*|"
    r"handler_name|vendor_id|language|bps.*|number_of_(bytes|frames).*|_statistics.*|itunsmpb|itunnorm|"
    r"chapter\d{3}.*|metadata_block_picture|coverart.*|title-[a-z]{3}"
)
# What players are told to add to the loudness that a file had.
GAINS = re.compile(r"replaygain_.*|r128_.*")
SYNTAX = re.compile(r"([=;#\\\n])")


def document(info: MediaInfo, track: AudioTrack, options: Options, more: Mapping[str, str]) -> str:
    """The file's text. `more` are tags of our own making, which no bound holds for."""
    chapters = tuple(chapters_within(info, track, Window.of(options)))
    tags = {**tags_of(info, track, options), **commented(chapters, options.target), **more}
    lines = [";FFMETADATA1", *(f"{name}={_escaped(text)}" for name, text in tags.items())]
    if options.target.chapters is Chapters.NATIVE:
        for chapter in chapters:
            lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={_ms(chapter.start_s)}"]
            lines += [f"END={_ms(chapter.end_s)}", f"title={_escaped(chapter.title)}"]
    return "\n".join(lines) + "\n"


def tags_of(info: MediaInfo, track: AudioTrack, options: Options) -> dict[str, str]:
    """The file's before its track's (Ogg has them there), and what was asked for before both."""
    kept: dict[str, str] = {}
    room = MAX_ALL_CHARACTERS
    for name, text in (*options.tags.items(), *info.tags.items(), *track.tags.items()):
        shown = printable(text, MAX_TAG_CHARACTERS, line_breaks=True)
        if name.lower() in kept or not _is_kept(name, options) or len(shown) > room:
            continue
        if len(kept) == MAX_TAGS:
            break
        kept[name.lower()] = shown
        room -= len(shown)
    return {name: text for name, text in kept.items() if text}


def chapters_within(info: MediaInfo, track: AudioTrack, asked: Window) -> Iterator[Chapter]:
    """Those of which something is left, counted from where the result begins; titles printable and short."""
    begin_s = origin_s(track, asked)
    end_s = min(asked.end_s, info.duration_s) if info.duration_s else asked.end_s
    left = 0
    for chapter in sorted(info.chapters, key=lambda each: (each.start_s, each.end_s)):
        start_s, stop_s = max(chapter.start_s, begin_s), min(chapter.end_s, end_s)
        if stop_s - start_s < SHORTEST_CHAPTER_S:
            continue
        yield Chapter(start_s - begin_s, stop_s - begin_s, printable(chapter.title, MAX_TITLE_CHARACTERS))
        left += 1
        if left == MAX_CHAPTERS:
            return


def origin_s(track: AudioTrack, asked: Window) -> float:
    """Where on the source's clock the result begins: sound that starts late is not preceded by silence."""
    return max(asked.start_s, track.start_s, 0.0)


def commented(chapters: tuple[Chapter, ...], form: Format) -> dict[str, str]:
    """CHAPTER001=00:01:02.500, CHAPTER001NAME=…: what readers of Vorbis comments take for chapters."""
    if form.chapters is not Chapters.COMMENTS:
        return {}
    comments: dict[str, str] = {}
    for number, chapter in enumerate(chapters, start=1):
        minutes, ms = divmod(_ms(chapter.start_s), 60_000)
        hours, minutes = divmod(minutes, 60)
        comments[f"CHAPTER{number:03}"] = f"{hours:02}:{minutes:02}:{ms / 1000:06.3f}"
        comments[f"CHAPTER{number:03}NAME"] = chapter.title
    return comments


def printable(text: str, at_most: int, *, line_breaks: bool = False) -> str:
    """Whatever else is in it becomes a space."""
    kept = "".join(c if c.isprintable() or (line_breaks and c == "\n") else " " for c in text[: 2 * at_most])
    return kept.strip()[:at_most]


def _is_kept(name: str, options: Options) -> bool:
    if not NAME.fullmatch(name) or NOT_KEPT.fullmatch(name.lower()):
        return False
    return options.loudness is None or not GAINS.fullmatch(name.lower())


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _escaped(text: str) -> str:
    """ffmpeg joins a line that ends in a backslash with the next one, even if that backslash is escaped."""
    escaped = SYNTAX.sub(r"\\\1", text)
    return f"{escaped} " if escaped.endswith("\\") else escaped
