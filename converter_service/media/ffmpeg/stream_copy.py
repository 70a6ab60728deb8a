"""Stream copy: audio that already has the requested codec and parameters is remuxed, not encoded.

Whether a copy may do is decided by the source's declared properties. The copy itself is then verified: it is
decoded to its end and must have the expected duration and bit rate.
"""

from converter_service.media.containers import MATROSKA_FAMILY
from converter_service.media.ffmpeg.job import TranscodeJob
from converter_service.media.ffmpeg.verify import LENGTH_TOLERANCE_S

# Encoders miss a bit rate by up to this share, and headers add to it.
BITRATE_TOLERANCE = 0.05
LATE_S = 0.1


def may_be_copied(job: TranscodeJob) -> bool:
    """Whether the request needs no more than a new container. Exact cuts need an encoder."""
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
        and not job.info.has_strays
    )


def muxer_options(job: TranscodeJob) -> dict[str, str]:
    """Omits the Xing header of MP3s from Matroska: ffmpeg's demuxer reports an encoder delay that they do not
    have, and players would skip 70 ms of sound because of it.
    """
    return {"write_xing": "0"} if job.form.name == "mp3" and job.info.container in MATROSKA_FAMILY else {}


def meets_request(job: TranscodeJob, made_s: float, bitrate_bps: int) -> bool:
    """Whether the copy has the expected duration, and the requested bit rate or at most the default one."""
    if abs(made_s - (job.expected_s or 0.0)) > LENGTH_TOLERANCE_S:
        return False
    asked = job.options.bitrate_bps
    most = job.options.effective_bitrate_bps
    if most is None or bitrate_bps > most * (1 + BITRATE_TOLERANCE):
        return most is None
    return asked is None or bitrate_bps >= asked * (1 - BITRATE_TOLERANCE)
