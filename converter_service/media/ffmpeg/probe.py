"""What ffprobe's answer means: a description of the file, or that it is none that can be read."""

import math
import re
from collections.abc import Iterable, Iterator

import msgspec

from converter_service.media.containers import Container, container_of
from converter_service.media.transcoder import AudioTrack, Chapter, Fault, MediaError, MediaInfo, Picture

# libavformat says so when a file has neither a duration nor timestamps (same words since 2007).
GUESSED = "Estimating duration from bitrate"
DURATION_TAG = re.compile(r"(\d{1,6}):(\d\d):(\d\d(?:\.\d{1,9})?)", re.ASCII)
SHOWN_BY_BRAND = {"qt": "mov", "M4A": "m4a", "M4B": "m4a"}
LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


class FormatEntry(msgspec.Struct, frozen=True):
    format_name: str
    duration: str = ""
    start_time: str = ""
    tags: dict[str, str] = {}


class Disposition(msgspec.Struct, frozen=True):
    default: int = 0
    attached_pic: int = 0


class StreamEntry(msgspec.Struct, frozen=True):
    index: int = 0
    codec_type: str = ""
    codec_name: str = ""
    sample_rate: str = ""
    channels: int = 0
    start_time: str = ""
    duration: str = ""
    disposition: Disposition = Disposition()
    tags: dict[str, str] = {}


class ChapterEntry(msgspec.Struct, frozen=True):
    start_time: str = ""
    end_time: str = ""
    tags: dict[str, str] = {}


class Answer(msgspec.Struct, frozen=True):
    """ffprobe's JSON, as far as it is asked for."""

    format: FormatEntry
    streams: list[StreamEntry] = []
    chapters: list[ChapterEntry] = []


def media_info(answer: bytes, complaints: str, *, is_webm: bool = False) -> MediaInfo:
    """Raises MediaError when it is no file that can be read. `is_webm` is what a Matroska says of itself."""
    try:
        read = msgspec.json.decode(answer, type=Answer)
    except msgspec.MsgspecError as error:
        raise unreadable(f"ffprobe's answer: {error}") from error
    container = container_of(read.format.format_name)
    if container is None or not read.streams:
        raise unreadable(complaints)
    heard = [stream for stream in read.streams if stream.codec_type == "audio"]
    start_s = _number(read.format.start_time) or 0.0
    return MediaInfo(
        container=_shown(container, read, is_webm=is_webm),
        duration_s=_duration(read.format.duration),
        audio_tracks=tuple(_track(n, stream, container, start_s) for n, stream in enumerate(heard)),
        start_s=start_s,
        is_estimated=GUESSED in complaints,
        has_own_duration=container.own_duration and GUESSED not in complaints,
        tags=read.format.tags,
        chapters=tuple(_chapters(read.chapters, start_s)),
        pictures=tuple(_picture(stream) for stream in read.streams if stream.codec_type == "video"),
    )


def unreadable(diagnosis: str) -> MediaError:
    message = "The file is not a video or audio file that can be read, or it is damaged."
    return MediaError(Fault.UNREADABLE_MEDIA, message, diagnosis)


def _track(index: int, stream: StreamEntry, container: Container, file_start_s: float) -> AudioTrack:
    start_s = (_number(stream.start_time) or file_start_s) - file_start_s
    declared = _duration(stream.duration) if container.track_durations else None
    if declared is None and (end_s := _tagged_end(stream.tags.get("DURATION", ""))) is not None:
        # Matroska's statistics tag is the timestamp at which the track ends.
        declared = max(0.0, end_s - start_s)
    language = stream.tags.get("language", "")
    return AudioTrack(
        index=index,
        stream=stream.index,
        codec=stream.codec_name or "unknown",
        channels=stream.channels,
        sample_rate=int(_number(stream.sample_rate) or 0),
        start_s=start_s,
        duration_s=declared,
        language=language if LANGUAGE.fullmatch(language) and language != "und" else None,
        is_default=bool(stream.disposition.default),
        tags=stream.tags,
    )


def _picture(stream: StreamEntry) -> Picture:
    attached = bool(stream.disposition.attached_pic)
    return Picture(stream=stream.index, codec=stream.codec_name, is_attached=attached)


def _chapters(entries: Iterable[ChapterEntry], file_start_s: float) -> Iterator[Chapter]:
    """Those that say when they are; a recording's start is no chapter's."""
    shift_s = max(0.0, file_start_s)
    for entry in entries:
        start_s, end_s = _number(entry.start_time), _number(entry.end_time)
        if start_s is not None and end_s is not None:
            yield Chapter(start_s - shift_s, end_s - shift_s, entry.tags.get("title", ""))


def _shown(container: Container, read: Answer, *, is_webm: bool) -> str:
    if container.name == "mp4":
        brand = read.format.tags.get("major_brand", "").strip()
        return "3gp" if brand.startswith("3g") else SHOWN_BY_BRAND.get(brand, "mp4")
    if container.name == "mkv":
        return "webm" if is_webm else "mkv" if any(map(_is_picture, read.streams)) else "mka"
    return container.name


def _is_picture(stream: StreamEntry) -> bool:
    """A moving one: a cover is none."""
    return stream.codec_type == "video" and not stream.disposition.attached_pic


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _duration(text: str) -> float | None:
    """Headers of nothing and of less than nothing say nothing."""
    number = _number(text)
    return number if number is not None and number > 0 else None


def _tagged_end(text: str) -> float | None:
    found = DURATION_TAG.fullmatch(text)
    if found is None:
        return None
    hours, minutes, seconds = found.groups()
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
