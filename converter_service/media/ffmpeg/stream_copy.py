"""The fast path: audio that already is what is asked for is moved into its new file as it is.

Whether it may be is told from what the file says; whether it was right, from the copy itself, which is
decoded to its end and must be as long as it should and as large as was asked for.
"""

from converter_service.media.ffmpeg.job import Job
from converter_service.media.ffmpeg.verify import UNREMARKABLE_S

# Encoders miss a bit rate by so much, and headers cost some.
BITRATE_TOLERANCE = 0.05
LATE_S = 0.1
MATROSKA = frozenset({"mkv", "mka", "webm"})


def may_be_copied(job: Job) -> bool:
    """Everything that is asked for needs nothing but a new container; a cut needs an encoder, to be exact."""
    options, track = job.options, job.track
    return (
        track.codec == job.form.codec
        and options.quality is None
        and options.loudness is None
        and options.start is None
        and options.end is None
        and options.channels in (None, track.channels)
        and track.channels <= job.form.max_channels
        and track.sample_rate in job.form.sample_rates_hz
        and options.sample_rate in (None, track.sample_rate)
        and abs(track.start_s) < LATE_S
        and job.expected_s is not None
    )


def settings(job: Job) -> dict[str, str]:
    """ffmpeg's reader of Matroska claims a delay that its MP3s do not have. In the header of an MP3 it would
    have players skip 70 ms of sound, so there is no such header then.
    """
    return {"write_xing": "0"} if job.form.name == "mp3" and job.info.container in MATROSKA else {}


def is_as_asked(job: Job, made_s: float, bitrate_bps: int) -> bool:
    """A bit rate that was asked for is met. The default is not exceeded; to fill it up would add nothing."""
    if abs(made_s - (job.expected_s or 0.0)) > UNREMARKABLE_S:
        return False
    asked = job.options.bitrate_bps
    most = job.options.effective_bitrate_bps
    if most is None or bitrate_bps > most * (1 + BITRATE_TOLERANCE):
        return most is None
    return asked is None or bitrate_bps >= asked * (1 - BITRATE_TOLERANCE)
