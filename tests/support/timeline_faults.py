"""Converts a source with a time line, and compares the result with what must be heard when."""

import math
from itertools import pairwise

from tests.support.audio_checks import SAMPLE_HZ, TranscodingHarness, samples
from tests.support.media import Media
from tests.support.placed_sound import Piece, differences
from tests.support.timeline import RATE_HZ, SHORT_FRAME, Changing, Edited, Joined, Timeline

Source = Timeline | Joined | Changing | Edited

# Samples in one frame of an encoder, as ffmpeg sets it up.
FRAMES = {
    "aac": 1024,
    "ac3": 1536,
    "eac3": 1536,
    "flac": 4608,
    "libmp3lame": 1152,
    "libopus": 960,
    "libvorbis": 1024,
    "mp2": 1152,
    "wmav2": 2048,
}
# The longest frame of the result formats, by which a result may be longer.
RESULT_FRAME_S = 1152 / RATE_HZ


async def misplaced(
    harness: TranscodingHarness,
    media: Media,
    source: Source,
    container: str,
    codec: str,
    **fields: str,
) -> list[str]:
    """What is wrong with the result for these option fields, to within one frame of the source's codec; empty
    if nothing is. Of joined recordings each may begin with a frame of padding.
    """
    output = await harness.convert(source.write(media, container, codec), **fields)
    pieces, heard = source.pieces(), samples(harness.result)
    start_s, end_s = float(fields.get("start", 0)), float(fields.get("end", math.inf))
    begin_s, stop_s = max(start_s, pieces[0].start_s), min(end_s, pieces[-1].end_s)
    frame_s = source.recordings * FRAMES.get(codec, SHORT_FRAME) / _slowest_hz(source)
    found = []
    made_s, due_s = len(heard) / SAMPLE_HZ, stop_s - begin_s
    # A codec pads its first frame and its last one.
    if abs(made_s - due_s) > 2 * frame_s + RESULT_FRAME_S:
        found.append(f"{made_s} s instead of {due_s}")
    gaps_s = _silence_s(pieces, start_s, end_s)
    if abs(output.gaps_s - gaps_s) > frame_s * len(pieces):
        found.append(f"gaps of {output.gaps_s} s instead of {gaps_s}")
    return found + differences(heard, source.sound(media), pieces, begin_s, stop_s, frame_s, RESULT_FRAME_S)


def _slowest_hz(source: Source) -> int:
    return min(source.rates) if isinstance(source, Changing) else RATE_HZ


def _silence_s(pieces: tuple[Piece, ...], start_s: float, end_s: float) -> float:
    """Seconds without sound between the pieces, within the part that is asked for."""
    between = [(one.end_s, other.start_s) for one, other in pairwise(pieces)]
    return sum(max(0.0, min(b, end_s) - max(a, start_s)) for a, b in between)
