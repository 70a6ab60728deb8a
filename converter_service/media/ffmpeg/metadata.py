"""Metadata of a result: tags of the source, requested tags and chapters, all bounded.

Written as an FFMETADATA file (ffmpeg-formats, "Metadata"), so that no untrusted text is on a command line.
"""

import re
from collections.abc import Iterator, Mapping

from converter_service.media.audio_format import Chapters
from converter_service.media.ffmpeg.chapters import chapter_comments, chapters_within, milliseconds, printable
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.tag_names import WRITTEN_AS, join_totals, meaning, named_for, needs_writer

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
    # Programs and cameras name themselves in RIFF's ISFT; the rest are properties of MXF and of tapes.
    r"software|timecode.*|reel_name|modification_date|toolkit_version(_num)?|product_version(_num)?|"
    r"operational_pattern_ul|application_platform|((generation|product)_)?uid|"
    # Binary frames of ID3v2, which ffmpeg shows as text with escapes and cannot always write back.
    r"id3v2_priv\..*"
)
# Where and with which device something was recorded: results are shared by link. The names are those of
# QuickTime and MP4 (`©xyz` is `location` in ffmpeg), Matroska, Android, RIFF's INFO list and EXIF.
PRIVATE = re.compile(
    r"(.*[._ -])?(location|gps|geo|xyz|latitude|longitude|altitude)([._ -].*)?|"
    r"(gps|geo)(location|tag|latitude|longitude|altitude|position).*|(.*\.)?(make|model|manufacturer)(-[a-z]{3})?|com\.android\..*|"
    r"com\.apple\.quicktime\.(software|content\.identifier|camera\..*|full-frame-rate.*|still-image.*)|"
    # MXF, whose package identifiers are made of serial numbers and network addresses (SMPTE ST 330).
    r"company_name|product_name|.*_umid|"
    r".*(serial|device|camera|lens|firmware).*"
)
# Fields of the chunk `bext` of Broadcast WAV, where recorders write their name and serial number (EBU R 99).
BROADCAST = frozenset({"encoded_by", "originator", "originator_reference", "coding_history", "umid"})
BROADCAST_CONTAINERS = frozenset({"wav", "w64"})
# Playback gains, which are wrong once the loudness is changed.
GAINS = re.compile(r"replaygain_.*|r128_.*")
# Between several values where a format has one text.
SEPARATOR = "; "
SYNTAX = re.compile(r"([=;#\\\n])")


def format_metadata(job: TranscodeJob, more: Mapping[str, str]) -> str:
    """Returns the text of an FFMETADATA file. `more` are additional tags, exempt from the bounds."""
    options = job.options
    chapters = tuple(chapters_within(job.info, job.track, job.window))
    named = named_for(job.form.name, select_tags(job))
    tags = {**named, **chapter_comments(chapters, options.target), **more}
    lines = [";FFMETADATA1", *(f"{name}={_escaped(text)}" for name, text in tags.items())]
    if options.target.chapters is Chapters.NATIVE:
        for chapter in chapters:
            start, end = milliseconds(chapter.start_s), milliseconds(chapter.end_s)
            lines += ["[CHAPTER]", "TIMEBASE=1/1000", f"START={start}"]
            lines += [f"END={end}", f"title={_escaped(chapter.title)}"]
    return "\n".join(lines) + "\n"


def select_tags(job: TranscodeJob) -> dict[str, str]:
    """Requested tags first, then the file's, up to the bounds; names keep their case if they have no other.

    In Ogg the track's tags are the file's; elsewhere they describe the track only ("Surround 5.1").
    """
    kept: dict[str, tuple[str, str]] = {}
    room = MAX_ALL_CHARACTERS
    for told, text in _offered(job):
        name, shown = meaning(told), printable(text, MAX_TAG_CHARACTERS, line_breaks=True)
        if name.lower() in kept or not _is_kept(told, job) or len(shown) > room:
            continue
        if len(kept) == MAX_TAGS:
            break
        kept[name.lower()] = (name, shown)
        room -= len(shown)
    return join_totals(dict(entry for entry in kept.values() if entry[1]))


def tags_to_set(job: TranscodeJob) -> dict[str, tuple[str, ...]]:
    """The tags that the tag writer sets in the result: those of several values, and those that ffmpeg does
    not write in the form that players read.
    """
    lists = {meaning(name): values for name, values in job.info.tag_lists.items()}
    if job.form.name not in WRITTEN_AS:
        return {}
    tags = {}
    for name, text in select_tags(job).items():
        values = lists.get(name, ())
        shown = tuple(filter(None, (printable(value, MAX_TAG_CHARACTERS) for value in values)))
        if len(shown) > 1 and text == printable(SEPARATOR.join(values), MAX_TAG_CHARACTERS, line_breaks=True):
            tags[name] = shown
        elif needs_writer(job.form.name, name):
            tags[name] = (text,)
    return tags


def _offered(job: TranscodeJob) -> Iterator[tuple[str, str]]:
    """Yields tags in order of preference: requested ones, those of several values, the file's."""
    yield from job.options.tags.items()
    for name, values in job.info.tag_lists.items():
        yield name, SEPARATOR.join(values)
    yield from job.info.tags.items()
    if job.info.container == "ogg":
        yield from job.track.tags.items()


def _is_kept(name: str, job: TranscodeJob) -> bool:
    lowered = name.lower()
    if not NAME.fullmatch(name) or NOT_KEPT.fullmatch(lowered):
        return False
    if not job.keeps_private_tags and (PRIVATE.fullmatch(lowered) or _is_of_recorder(lowered, job)):
        return False
    return job.options.loudness is None or not GAINS.fullmatch(lowered)


def _is_of_recorder(lowered: str, job: TranscodeJob) -> bool:
    return lowered in BROADCAST and job.info.container in BROADCAST_CONTAINERS


def _escaped(text: str) -> str:
    """Escapes special characters; a space follows a final backslash, which would join the next line even if
    escaped.
    """
    escaped = SYNTAX.sub(r"\\\1", text)
    return f"{escaped} " if escaped.endswith("\\") else escaped
