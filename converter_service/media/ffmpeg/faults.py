"""The permanent errors that conversions by ffmpeg raise, with their messages for the file's owner."""

from converter_service.media.durations import format_duration
from converter_service.media.errors import Fault, MediaError
from converter_service.media.foreign_formats import ForeignFormat


def unsupported(message: str, diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNSUPPORTED_MEDIA, message, diagnosis)


def foreign(form: ForeignFormat, diagnosis: str = "") -> MediaError:
    return unsupported(form.sentence, diagnosis)


def protected() -> MediaError:
    message = "The file is protected: its audio is encrypted, which is not supported."
    return MediaError(Fault.UNSUPPORTED_MEDIA, message)


def cut_off(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNREADABLE_MEDIA, "The file is cut off: its end is missing.", diagnosis)


def too_large(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.TOO_LONG, "The audio would be larger than a result may be.", diagnosis)


def too_long(max_duration_s: float) -> MediaError:
    longest = format_duration(max_duration_s)
    message = f"The audio is longer than {longest}, which is the most that is converted in one piece."
    return MediaError(Fault.TOO_LONG, message)


def unreadable(diagnosis: str) -> MediaError:
    message = "The file is not a video or audio file that can be read, or it is damaged."
    return MediaError(Fault.UNREADABLE_MEDIA, message, diagnosis)


def timed_out() -> MediaError:
    return MediaError(Fault.TIMED_OUT, "The conversion took longer than it may.")
