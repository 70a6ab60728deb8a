"""Seconds of a source's sound that its result does not have."""

from pathlib import Path

from converter_service.media.containers import WITHOUT_CLOCK
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.packets import SourceExtent
from converter_service.media.ffmpeg.result import VerifiedAudio
from converter_service.media.ffmpeg.verify import LENGTH_TOLERANCE_S, has_expected_length

# A frame of usual codecs; what decoders skip at their beginning is often not declared.
FRAME_S = 0.03
# No timestamp tells where packets are missing; libavformat makes those of AVI from byte counts.
# DTS-HD files have a header and an index too.
FRAMES_ONLY = WITHOUT_CLOCK - {"mp3", "dtshd"}
# What fills a file up behind its last frame, and how much of it is read at a time.
PADDING, BLOCK_BYTES = b"\0\xff", 1 << 16
BY_COUNT = WITHOUT_CLOCK | {"avi"}


def lost_s(made: VerifiedAudio, job: TranscodeJob, extent: SourceExtent) -> float:
    """Sound that is missing without silence in its place, that the decoder has replaced, or that only another
    track has. Without timestamps, a short frame may be missing if the decoder complained; otherwise more, by
    which packets may differ from sound.
    """
    due_s = extent.audio_s
    covered_s = job.window.overlap_s(extent.audio_start_s, extent.audio_end_s)
    # Silence in place of packets that could not be decoded is counted already.
    missing_s = min(due_s - made.sound_s, max(covered_s, due_s) - made.seconds)
    tolerance_s = LENGTH_TOLERANCE_S
    if job.info.container in BY_COUNT:
        skipped_s = extent.skipped_s if job.window.is_whole else 0.0
        due_s = max(due_s + _unread_s(job, extent), _declared_s(made, job))
        missing_s = due_s - skipped_s - made.sound_s
        tolerance_s = FRAME_S if made.complaints else LENGTH_TOLERANCE_S
    replaced_s = min(made.replaced_frames * extent.packet_s, made.seconds)
    strays_s = extent.strays_s if extent.strays_s > LENGTH_TOLERANCE_S else 0.0
    return (missing_s if missing_s > tolerance_s else 0.0) + replaced_s + strays_s


def _declared_s(made: VerifiedAudio, job: TranscodeJob) -> float:
    """The declared duration, if the result differs little from it: it is wrong otherwise."""
    expected_s = job.expected_s
    if expected_s is None or not has_expected_length(made.sound_s, expected_s):
        return 0.0
    return expected_s


def _unread_s(job: TranscodeJob, extent: SourceExtent) -> float:
    """The sound in those bytes of a file of nothing but frames that libavformat took for none."""
    info = job.info
    has_tags = bool(info.tags or info.tag_lists or info.pictures or info.cover_file)
    if info.container not in FRAMES_ONLY or has_tags or not job.window.is_whole or not extent.size:
        return 0.0
    size = job.source.stat().st_size
    unread = size - extent.size
    if unread > 0:
        unread -= _padding(job.source, size, unread)
    return extent.audio_s * max(0, unread) / extent.size


def _padding(path: Path, size: int, most: int) -> int:
    """The bytes at a file's end that fill it up, of `most`."""
    with path.open("rb") as file:
        found = 0
        while found < most:
            count = min(BLOCK_BYTES, most - found)
            file.seek(size - found - count)
            rest = len(file.read(count).rstrip(PADDING))
            found += count - rest
            if rest:
                break
    return found
