"""Permanent and transient errors of the transcoder, and the public error codes."""

from enum import StrEnum


class Fault(StrEnum):
    """The public error codes of conversions that failed permanently."""

    NO_AUDIO_TRACK = "no_audio_track"
    UNREADABLE_MEDIA = "unreadable_media"
    UNSUPPORTED_MEDIA = "unsupported_media"
    TOO_LONG = "too_long"
    TIMED_OUT = "timed_out"
    BAD_OPTIONS = "bad_options"
    INTERNAL_ERROR = "internal_error"


class MediaError(Exception):
    """Permanent error in the file or the options: a retry gives the same.

    `message` is a sentence for the file's owner, without paths or library output. `diagnosis` is for the log:
    the end of the failed program's error output.
    """

    def __init__(self, code: Fault, message: str, diagnosis: str = "") -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.diagnosis = diagnosis


class TranscoderUnavailable(Exception):
    """Transient error, probably not caused by the file (program killed, broken result): retry later."""


class MachineUnfit(TranscoderUnavailable):
    """Transient error of the machine, which any file would meet (disk full, no ffmpeg, no process)."""
