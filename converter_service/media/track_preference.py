"""The order in which the audio tracks of a file are chosen."""

from collections.abc import Sequence

from converter_service.media.media_info import AudioTrack, TrackKind


def preferred(tracks: Sequence[AudioTrack]) -> list[AudioTrack]:
    """The best first: not encrypted, with sound, of the main kind, declared to be the default, in the file's
    order.

    Commentary, narration and dubs are chosen only on request, or if the file has nothing else with sound.
    """
    return sorted(
        tracks,
        key=lambda track: (
            track.is_protected,
            track.is_empty,
            track.kind is not TrackKind.MAIN,
            not track.is_default,
        ),
    )
