"""Metadata of a result: tags of the source, requested tags and chapters, all bounded.

Written as an FFMETADATA file (ffmpeg-formats, "Metadata"), so that no untrusted text is on a command line.
"""

import re
from collections.abc import Mapping

from converter_service.media.audio_format import Chapters
from converter_service.media.ffmpeg.chapters import chapter_comments, chapters_within, milliseconds, printable
from converter_service.media.ffmpeg.job import TranscodeJob

MAX_TAGS = 64
MAX_TAG_CHARACTERS = 8_000
MAX_ALL_CHARACTERS = 64_000
# The names of Vorbis comments, without the characters that FFMETADATA's syntax needs.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.:/-]{0,63}")
# Properties of the source's container or of its other streams, which do not hold for the result.
NOT_KEPT = re.compile(
    r"major_brand|minor_version|compatible_brands|encoder|encodersettings|creation_time|duration.*|"
    r"handler_name|vendor_id|language|bps.*|number_of_(bytes|frames).*|_statistics.*|itunsmpb|itunnorm|"
    r"chapter\d{3}.*|metadata_block_picture|coverart.*|title-[a-z]{3}|"
    # Binary frames of ID3v2, which ffmpeg shows as text with escapes and cannot always write back.
    r"id3v2_priv\..*"
)
# Where and with which device something was recorded: results are shared by link. The names are those of
# QuickTime and MP4 (`©xyz` is `location` in ffmpeg), Android, RIFF's INFO list and EXIF.
PRIVATE = re.compile(
    r"(.*\.)?(location|gps|geo|xyz)([._ -].*)?|(.*\.)?(make|model|manufacturer)(-[a-z]{3})?|com\.android\..*|"
    r"com\.apple\.quicktime\.(software|content\.identifier|camera\..*|full-frame-rate.*|still-image.*)|"
    r".*(serial|device|camera|lens|firmware).*"
)
# Playback gains, which are wrong once the loudness is changed.
GAINS = re.compile(r"replaygain_.*|r128_.*")
SYNTAX = re.compile(r"([=;#\\\n])")


def format_metadata(job: TranscodeJob, more: Mapping[str, str]) -> str:
    """Returns the text of an FFMETADATA file. `more` are additional tags, exempt from the bounds."""
    options = job.options
    chapters = tuple(chapters_within(job.info, job.track, job.window))
    tags = {**select_tags(job), **chapter_comments(chapters, options.target), **more}
    lines = [";FFMETADATA1", *(f"{name}={_escaped(text)}" for name, text in tags.items())]
    if options.target.chapters is Chapters.NATIVE:
        for chapter in chapters:
            start, end = milliseconds(chapter.start_s), milliseconds(chapter.end_s)
            lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}"]
            lines += [f"END={end}", f"title={_escaped(chapter.title)}"]
    return "\n".join(lines) + "\n"


def select_tags(job: TranscodeJob) -> dict[str, str]:
    """Requested tags first, then the file's, up to the bounds; names keep their case.

    In Ogg the track's tags are the file's; elsewhere they describe the track only ("Surround 5.1").
    """
    kept: dict[str, tuple[str, str]] = {}
    room = MAX_ALL_CHARACTERS
    of_track = job.track.tags if job.info.container == "ogg" else {}
    for name, text in (*job.options.tags.items(), *job.info.tags.items(), *of_track.items()):
        shown = printable(text, MAX_TAG_CHARACTERS, line_breaks=True)
        if name.lower() in kept or not _is_kept(name, job) or len(shown) > room:
            continue
        if len(kept) == MAX_TAGS:
            break
        kept[name.lower()] = (name, shown)
        room -= len(shown)
    return dict(entry for entry in kept.values() if entry[1])


def _is_kept(name: str, job: TranscodeJob) -> bool:
    lowered = name.lower()
    if not NAME.fullmatch(name) or NOT_KEPT.fullmatch(lowered):
        return False
    if not job.keeps_private_tags and PRIVATE.fullmatch(lowered):
        return False
    return job.options.loudness is None or not GAINS.fullmatch(lowered)


def _escaped(text: str) -> str:
    """Escapes special characters; a space follows a final backslash, which would join the next line even if
    escaped.
    """
    escaped = SYNTAX.sub(r"\\\1", text)
    return f"{escaped} " if escaped.endswith("\\") else escaped
