"""Describes a source with as few runs of ffprobe as tell all that a conversion derives from its tracks."""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from converter_service.media.containers import MATROSKA_FAMILY, MP4_FAMILY
from converter_service.media.errors import Fault, MediaError
from converter_service.media.ffmpeg import probe_commands
from converter_service.media.ffmpeg.errors import failure
from converter_service.media.ffmpeg.faults import foreign, protected
from converter_service.media.ffmpeg.probe import parse_probe
from converter_service.media.ffmpeg.probe_values import parse_number
from converter_service.media.ffmpeg.recognised_format import refused_format
from converter_service.media.ffmpeg.runner import CapturedRun, ProgramRunner, time_limit
from converter_service.media.ffmpeg.webm import is_webm
from converter_service.media.foreign_formats import LOOK_BYTES, foreign_format, text_format
from converter_service.media.media_info import AudioTrack, MediaInfo, TrackKind
from converter_service.media.mp4_track_names import mp4_track_names
from converter_service.media.ogg_links import chained_seconds
from converter_service.media.protection import NO_LOCKS, Locks
from converter_service.media.track_names import kind_of

# Their headers do not list the tracks, so that one may first appear anywhere.
UNLISTED = frozenset({"flv", "mpg", "ts"})
# Of the time that a probe may take; if that is not enough, the first answer is used.
DEEP_TIMEOUT = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SourceProbe:
    """`locks` are what is encrypted of the source."""

    programs: ProgramRunner
    source: Path
    locks: Locks = NO_LOCKS

    async def describe(self) -> MediaInfo:
        """Raises MediaError if the source is not readable media or all its sound is encrypted, and
        TranscoderUnavailable.

        A file that cannot be read because it is of another kind or encrypted is not called damaged.
        """
        head = await asyncio.to_thread(_read_head, self.source)
        if (form := foreign_format(head)) is not None:
            raise foreign(form)
        info = await self._describe(head)
        if all(track.is_protected for track in info.audio_tracks) and self.locks.has_sound:
            raise protected()
        return info

    async def _describe(self, head: bytes) -> MediaInfo:
        try:
            info = await self._probe(is_deep=False)
        except MediaError as error:
            if error.code is Fault.UNREADABLE_MEDIA and self.locks.has_sound:
                raise protected() from error
            if error.code is Fault.UNREADABLE_MEDIA:
                await self._raise_for_format(head)
            raise
        if not _is_complete(info):
            with contextlib.suppress(MediaError):
                async with time_limit(DEEP_TIMEOUT):
                    return await self._probe(is_deep=True)
        return info

    async def _raise_for_format(self, head: bytes) -> None:
        """Raises MediaError if the file's format is known, but not accepted."""
        command = probe_commands.recognise(self.programs.tools, self.source)
        captured = await self.programs.capture(command, self.source.parent)
        if (refused := refused_format(captured.exit.stderr)) is not None:
            raise refused
        if (form := text_format(head)) is not None:
            raise foreign(form)

    async def locate(self, track: AudioTrack, info: MediaInfo) -> AudioTrack:
        """Finds the start of a track by its first packet if the probe did not reach any of its packets."""
        if not track.is_start_assumed:
            return track
        command = probe_commands.first_packet(self.programs.tools, self.source, track, is_deep=info.is_deep)
        captured = await self.programs.capture(command, self.source.parent)
        start_s = parse_number(captured.output.partition(b"\n")[0].rstrip(b",\r "))
        if start_s is None:
            return track
        late_s = start_s - info.start_s - track.start_s
        rest_s = None if track.duration_s is None else max(0.0, track.duration_s - late_s)
        return replace(track, start_s=track.start_s + late_s, duration_s=rest_s)

    async def _probe(self, *, is_deep: bool) -> MediaInfo:
        captured = await self._run(is_deep=is_deep)
        if captured.exit.code != 0:
            raise failure(captured.exit)
        info = parse_probe(captured.output, captured.exit.stderr, self.locks, is_deep=is_deep)
        if info.container in MATROSKA_FAMILY and await asyncio.to_thread(is_webm, self.source):
            info = replace(info, container="webm")
        names: Mapping[int, str] = {}
        if info.container in MP4_FAMILY:
            names = await asyncio.to_thread(mp4_track_names, self.source)
        info = replace(info, audio_tracks=tuple(_named(track, names) for track in info.audio_tracks))
        seconds = await asyncio.to_thread(chained_seconds, self.source) if info.container == "ogg" else None
        return info if seconds is None else replace(info, duration_s=seconds, is_estimated=True)

    async def _run(self, *, is_deep: bool) -> CapturedRun:
        """Tries again without tags and chapters if the file has more of them than the output may hold."""
        tools, source = self.programs.tools, self.source
        try:
            return await self.programs.capture(
                probe_commands.probe(tools, source, is_deep=is_deep), source.parent
            )
        except MediaError:
            brief = probe_commands.probe(tools, source, with_tags=False, is_deep=is_deep)
            return await self.programs.capture(brief, source.parent)


def _named(track: AudioTrack, names: Mapping[int, str]) -> AudioTrack:
    """Gives the track the name that its file has for it, where ffprobe prints one: as `handler_name`; and the
    kind that its name tells, unless the file has a flag for it.
    """
    if (name := names.get(track.stream)) is not None:
        track = replace(track, tags={**track.tags, "handler_name": name})
    if track.kind is not TrackKind.MAIN:
        return track
    return replace(track, kind=kind_of(track.tags.get("title") or track.tags.get("handler_name", "")))


def _read_head(source: Path) -> bytes:
    with source.open("rb") as file:
        return file.read(LOOK_BYTES)


def _is_complete(info: MediaInfo) -> bool:
    """Whether the tracks are known; a second, deeper probe may find more."""
    if not info.audio_tracks:
        return info.container not in UNLISTED
    clear = [track for track in info.audio_tracks if not track.is_protected]
    return all(track.channels and track.sample_rate for track in clear)
