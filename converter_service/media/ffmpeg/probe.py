"""Turns ffprobe's output into a MediaInfo, or into the error that the file is unreadable."""

import re
from collections.abc import Iterable, Iterator

import msgspec
from msgspec.structs import replace

from converter_service.media.containers import Container, find_container
from converter_service.media.ffmpeg.faults import unreadable
from converter_service.media.ffmpeg.probe_json import ChapterEntry, ProbeOutput, StreamEntry
from converter_service.media.ffmpeg.probe_values import parse_duration, parse_number, parse_tagged_end
from converter_service.media.media_info import AudioTrack, Chapter, MediaInfo, Picture
from converter_service.media.protection import NO_LOCKS, Locks

# libavformat's warning when a file has neither a duration nor timestamps (unchanged since 2007).
ESTIMATED = "Estimating duration from bitrate"
# Encoder delay puts the first timestamp at up to 0.1 s in files that begin at 0.
CLOCK_START_S = 0.1
NAME_BY_BRAND = {"qt": "mov", "M4A": "m4a", "M4B": "m4a"}
LANGUAGE = re.compile(r"[a-z]{2,3}", re.ASCII)


def parse_probe(
    output: bytes, complaints: str, locks: Locks = NO_LOCKS, *, is_deep: bool = False
) -> MediaInfo:
    """Parses ffprobe's JSON and its warnings. Raises MediaError if the file is not readable media.

    Tracks that `locks` hold are marked, pictures left out. WebM is not told from other Matroska files.
    """
    try:
        probed = msgspec.json.decode(output, type=ProbeOutput)
    except msgspec.MsgspecError as error:
        raise unreadable(f"ffprobe's answer: {error}") from error
    container = find_container(probed.format.format_name)
    if container is None or not probed.streams:
        raise unreadable(complaints)
    audio = [stream for stream in probed.streams if stream.codec_type == "audio"]
    start_s = _start_s(probed)
    is_estimated = ESTIMATED in complaints
    is_uncertain = _has_uncertain_durations(container, probed)
    duration_s, most_s = (
        _clock_lengths(container, probed) if is_uncertain else (_duration_s(container, probed), None)
    )
    return MediaInfo(
        container=_container_name(container, probed),
        duration_s=duration_s,
        audio_tracks=tuple(
            replace(
                _track(n, stream, container, probed), is_protected=locks.hold(stream.index, stream.identifier)
            )
            for n, stream in enumerate(audio)
        ),
        start_s=start_s,
        is_estimated=is_estimated or is_uncertain,
        has_own_duration=container.own_duration and not is_estimated,
        least_s=_picture_s(probed) if container.counts_empty else None,
        most_s=most_s,
        is_deep=is_deep,
        tags=probed.format.tags,
        chapters=tuple(_chapters(probed.chapters, start_s)),
        pictures=tuple(
            _picture(stream)
            for stream in probed.streams
            if stream.codec_type == "video" and not locks.hold(stream.index, stream.identifier)
        ),
    )


def _duration_s(container: Container, probed: ProbeOutput) -> float | None:
    """The file's duration. Where it stands for each track's, ffprobe adds a late track's start to it."""
    tracks = [parse_duration(stream.duration) for stream in probed.streams]
    if container.one_duration and (declared := [each for each in tracks if each is not None]):
        return max(declared)
    return parse_duration(probed.format.duration)


def _picture_s(probed: ProbeOutput) -> float | None:
    """The longest declared duration of a moving picture."""
    declared = [parse_duration(stream.duration) for stream in probed.streams if stream.is_video]
    return max((each for each in declared if each is not None), default=None)


def _start_s(probed: ProbeOutput) -> float:
    return parse_number(probed.format.start_time) or 0.0


def _has_uncertain_durations(container: Container, probed: ProbeOutput) -> bool:
    """Whether declared durations may be times on a clock that does not begin at 0."""
    return container.ends_on_clock and _start_s(probed) > CLOCK_START_S


def _clock_lengths(container: Container, probed: ProbeOutput) -> tuple[float | None, float | None]:
    """Two durations of a file whose clock does not begin at 0. What is declared may be the time of an end, so
    that the file is shorter, or a length.
    """
    start_s = _start_s(probed)
    tracks = [parse_duration(stream.duration) for stream in probed.streams]
    longest_s = max((each for each in tracks if each is not None), default=None)
    declared_s = longest_s or _duration_s(container, probed)
    if declared_s is None or declared_s <= start_s:
        return declared_s, declared_s
    return declared_s - start_s, declared_s


def _track(index: int, stream: StreamEntry, container: Container, probed: ProbeOutput) -> AudioTrack:
    own_start_s = parse_number(stream.start_time)
    start_s = 0.0 if own_start_s is None else own_start_s - _start_s(probed)
    is_uncertain = _has_uncertain_durations(container, probed)
    declared = parse_duration(stream.duration) if container.track_durations and not is_uncertain else None
    if (
        declared is None
        and not is_uncertain
        and (end_s := parse_tagged_end(stream.tags.get("DURATION", ""))) is not None
    ):
        # Matroska's statistics tag DURATION is the timestamp at which the track ends.
        declared = max(0.0, end_s - start_s)
    language = stream.tags.get("language", "")
    return AudioTrack(
        index=index,
        stream=stream.index,
        codec=stream.codec_name or "unknown",
        channels=stream.channels,
        layout=stream.channel_layout,
        bits=stream.bits,
        sample_rate=int(parse_number(stream.sample_rate) or 0),
        start_s=start_s,
        is_start_assumed=_is_filled_in(stream, container, probed),
        duration_s=declared,
        language=language if LANGUAGE.fullmatch(language) and language != "und" else None,
        is_default=bool(stream.disposition.default),
        kind=stream.disposition.kind,
        tags=stream.tags,
    )


def _is_filled_in(stream: StreamEntry, container: Container, probed: ProbeOutput) -> bool:
    """Whether libavformat may have given the track the file's own times, as it does if it found no packet."""
    if container.track_durations or len(probed.streams) == 1:
        return False
    form = probed.format
    return (stream.start_time, stream.duration) == (form.start_time, form.duration)


def _picture(stream: StreamEntry) -> Picture:
    attached = bool(stream.disposition.attached_pic)
    # ID3v2 and FLAC declare a picture's type (ffmpeg: `comment`), Matroska names the cover's file.
    is_front = stream.tags.get("comment", "").lower() == "cover (front)"
    is_front = is_front or stream.tags.get("filename", "").lower().startswith("cover.")
    return Picture(stream=stream.index, codec=stream.codec_name, is_attached=attached, is_front=is_front)


def _chapters(entries: Iterable[ChapterEntry], file_start_s: float) -> Iterator[Chapter]:
    """Chapters with both times, counted from the file's start instead of from its clock's zero."""
    shift_s = max(0.0, file_start_s)
    for entry in entries:
        start_s, end_s = parse_number(entry.start_time), parse_number(entry.end_time)
        if start_s is not None and end_s is not None:
            yield Chapter(start_s - shift_s, end_s - shift_s, entry.tags.get("title", ""))


def _container_name(container: Container, probed: ProbeOutput) -> str:
    if container.name == "mp4":
        brand = probed.format.tags.get("major_brand", "").strip()
        return "3gp" if brand.startswith("3g") else NAME_BY_BRAND.get(brand, "mp4")
    if container.name == "mkv":
        return "mkv" if any(stream.is_video for stream in probed.streams) else "mka"
    return container.name
