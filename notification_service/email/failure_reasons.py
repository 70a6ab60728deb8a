"""Explanations of failed conversions and advice for their owners, by error code."""

from msgspec import Struct


class FailureReason(Struct, frozen=True):
    """What happened, and what the owner can do: each one or two sentences."""

    what: str
    advice: str


REASONS = {
    "no_audio_track": FailureReason(
        "The video has no audio track, so there is nothing to convert.",
        "Check that the video has sound when you play it, then upload a version that does.",
    ),
    "unreadable_media": FailureReason(
        "The file could not be read as video or audio. It may be damaged, incomplete or of another type.",
        "Play the file on your device. If it plays, upload it again: the upload may have been incomplete.",
    ),
    "unsupported_media": FailureReason(
        "The format of the file is not supported.",
        "Save it in a common format such as MP4, MKV, MOV or WebM and upload it again.",
    ),
    "too_long": FailureReason(
        "The video, or the audio that it would become, is longer or larger than allowed.",
        "Upload a shorter part of it. If your account has no storage or processor time left, delete what you "
        "no longer need, or try again tomorrow.",
    ),
    "timed_out": FailureReason(
        "The conversion exceeded its time limit and was stopped.",
        "Upload it again later, or try a shorter part of the video.",
    ),
    "bad_options": FailureReason(
        "The options of this conversion do not match the file.",
        "Check the start, the end and the audio track, then try again.",
    ),
    "internal_error": FailureReason(
        "Something went wrong on our side. It was not caused by your file or by anything you did.",
        "Please upload the video again. If it fails once more, let us know.",
    ),
}


# The event's own message is more specific for these codes (the limit, the missing track).
CODES_WITH_OWN_MESSAGE = frozenset({"too_long", "bad_options"})


def explain_failure(code: str, message: str) -> FailureReason:
    """Returns the reason for an error code; an unknown code is explained by the event's `message`."""
    reason = REASONS.get(code, REASONS["internal_error"])
    prefers_message = code not in REASONS or code in CODES_WITH_OWN_MESSAGE
    return FailureReason(message, reason.advice) if message and prefers_message else reason
