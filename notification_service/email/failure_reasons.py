"""Why a conversion failed, in plain words, and what its owner can do about it. Data."""

from msgspec import Struct


class Reason(Struct, frozen=True):
    """What happened, and what to do next: each a sentence or two."""

    what: str
    advice: str


REASONS = {
    "no_audio_track": Reason(
        "The video has no audio track, so there is nothing to make audio from.",
        "Check that the video has sound when you play it, then upload a version that does.",
    ),
    "unreadable_media": Reason(
        "The file could not be read as video or audio. It may be damaged, cut short or of another kind.",
        "Play the file on your device. If it plays, upload it again: it may have been cut on the way.",
    ),
    "unsupported_media": Reason(
        "The file is in a format that we do not convert.",
        "Save it in a common format such as MP4, MKV, MOV or WebM and upload it again.",
    ),
    "too_long": Reason(
        "The video is longer than we convert in one piece.",
        "Cut it into shorter parts and upload them one by one.",
    ),
    "timed_out": Reason(
        "The conversion took longer than it is allowed to, so it was stopped.",
        "Upload it again in a while, or try a shorter part of the video.",
    ),
    "bad_options": Reason(
        "The options chosen for this conversion do not fit the file.",
        "Check the start, the end and the audio track you asked for, then try again.",
    ),
    "internal_error": Reason(
        "Something went wrong on our side. It was not caused by your file or by anything you did.",
        "Please upload the video again. If it fails once more, let us know.",
    ),
}


# Of these the event's own message says more: how long is too long, which track is not there.
TOLD_BY_THE_EVENT = frozenset({"too_long", "bad_options"})


def reason(code: str, message: str) -> Reason:
    """The words for `code`; a code that is newer than this program is told in the event's own message."""
    known = REASONS.get(code)
    if known is not None and message and code in TOLD_BY_THE_EVENT:
        return Reason(message, known.advice)
    if known is not None:
        return known
    return Reason(message or REASONS["internal_error"].what, REASONS["internal_error"].advice)
