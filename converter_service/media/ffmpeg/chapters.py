"""Chapters of a result: those of the source within the window, and their form as Vorbis comments."""

from collections.abc import Iterator

from converter_service.media.audio_format import Chapters, Format
from converter_service.media.ffmpeg.window import Window
from converter_service.media.media_info import AudioTrack, Chapter, MediaInfo

# The table of contents of ID3 has a one-byte count (ID3v2 Chapter Frame Addendum, 3.2).
MAX_CHAPTERS = 255
MAX_TITLE_CHARACTERS = 200
SHORTEST_CHAPTER_S = 0.001


def chapters_within(info: MediaInfo, track: AudioTrack, window: Window) -> Iterator[Chapter]:
    """Yields the chapters that overlap the window, timed from the start of the result, with clean titles."""
    begin_s = window.origin_s(track)
    end_s = min(window.end_s, info.duration_s) if info.duration_s else window.end_s
    count = 0
    for chapter in sorted(info.chapters, key=lambda each: (each.start_s, each.end_s)):
        start_s, stop_s = max(chapter.start_s, begin_s), min(chapter.end_s, end_s)
        if stop_s - start_s < SHORTEST_CHAPTER_S:
            continue
        yield Chapter(start_s - begin_s, stop_s - begin_s, printable(chapter.title, MAX_TITLE_CHARACTERS))
        count += 1
        if count == MAX_CHAPTERS:
            return


def chapter_comments(chapters: tuple[Chapter, ...], form: Format) -> dict[str, str]:
    """Vorbis comments such as CHAPTER001=00:01:02.500 and CHAPTER001NAME=…, if `form` uses them."""
    if form.chapters is not Chapters.COMMENTS:
        return {}
    comments: dict[str, str] = {}
    for number, chapter in enumerate(chapters, start=1):
        minutes, ms = divmod(milliseconds(chapter.start_s), 60_000)
        hours, minutes = divmod(minutes, 60)
        comments[f"CHAPTER{number:03}"] = f"{hours:02}:{minutes:02}:{ms / 1000:06.3f}"
        comments[f"CHAPTER{number:03}NAME"] = chapter.title
    return comments


def milliseconds(seconds: float) -> int:
    return round(seconds * 1000)


def printable(text: str, at_most: int, *, line_breaks: bool = False) -> str:
    """Replaces unprintable characters by spaces and cuts the text to `at_most` characters."""
    kept = "".join(c if c.isprintable() or (line_breaks and c == "\n") else " " for c in text[: 2 * at_most])
    return kept.strip()[:at_most]
