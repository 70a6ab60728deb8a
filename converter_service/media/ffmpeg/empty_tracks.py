"""Finds the audio tracks without sound among those that would be chosen before others."""

import contextlib
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from msgspec.structs import replace

from converter_service.media.decoders import DECODERS
from converter_service.media.errors import MediaError
from converter_service.media.ffmpeg import measure_commands
from converter_service.media.ffmpeg.runner import ProgramRunner, time_limit
from converter_service.media.media_info import AudioTrack, MediaInfo
from converter_service.media.track_preference import preferred
from shared.logs import get_logger

# An empty track is known as such only when the whole file was read.
TIMEOUT = timedelta(seconds=30)
MAX_CHECKED = 8


@dataclass(frozen=True, slots=True)
class EmptyTracks:
    programs: ProgramRunner
    source: Path

    async def marked(self, info: MediaInfo) -> MediaInfo:
        """Returns `info` with empty tracks marked, up to the first one with sound. Without a second track
        nothing is checked. Raises TranscoderUnavailable.
        """
        tracks = list(info.audio_tracks)
        if len(tracks) < 2:
            return info
        with contextlib.suppress(MediaError):
            async with time_limit(TIMEOUT):
                for track in preferred([each for each in tracks if _is_readable(each)])[:MAX_CHECKED]:
                    if await self._has_sound(track, is_deep=info.is_deep):
                        break
                    tracks[track.index] = replace(track, is_empty=True)
                    get_logger(__name__).info("empty audio track", index=track.index, codec=track.codec)
        return replace(info, audio_tracks=tuple(tracks))

    async def _has_sound(self, track: AudioTrack, *, is_deep: bool) -> bool:
        """Decodes the track's first frame. Raises MediaError if that takes too long or prints too much."""
        command = measure_commands.first_frame(self.programs.tools, self.source, track, is_deep=is_deep)
        return bool((await self.programs.capture(command, self.source.parent)).output)


def _is_readable(track: AudioTrack) -> bool:
    return track.codec in DECODERS and not track.is_protected
