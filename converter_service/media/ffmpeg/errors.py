"""Maps ffmpeg's exit code and error output to MediaError (file) or TranscoderUnavailable (the machine)."""

import re
import signal

from converter_service.media.sandbox import launcher
from converter_service.media.sandbox.process import Exit
from converter_service.media.transcoder import Fault, MachineUnfit, MediaError, TranscoderUnavailable

# ffmpeg's exit code after it ended in order because of a signal.
ASKED_TO_STOP = 255
# A shared library cannot be loaded, or the file is not executable.
NO_PROGRAM = (126, 127)
UNFIT_CODES = frozenset({launcher.FAILED, *NO_PROGRAM})
CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}
)
UNFIT_WORDS = ("No space left on device", "Unknown encoder", "Disk quota exceeded")
# Either a failing disk or a demuxer that cannot go on.
DOUBTFUL_WORDS = ("Input/output error",)
UNSUPPORTED_WORDS = ("opening decoder", "Decoder (codec", "Unknown decoder", "max_streams")
MEMORY_WORDS = ("Cannot allocate memory", "bad_alloc", "Failed to allocate")
# Lines that our own options cause: no video decoder is on the allowlist.
HARMLESS = re.compile(r"not on whitelist|Last message repeated|^$")
SIZE_WORDS = ("File too large",)
UNITS = ((3600, "hour"), (60, "minute"), (1, "second"))


def failure(ended: Exit) -> MediaError | TranscoderUnavailable:
    """Returns the exception to raise for an exit code other than 0."""
    if ended.code < 0:
        return _by_signal(-ended.code, ended.stderr)
    if ended.code in UNFIT_CODES or _mentions(ended, UNFIT_WORDS):
        return MachineUnfit(_summary(ended))
    if ended.code == ASKED_TO_STOP or _mentions(ended, DOUBTFUL_WORDS):
        return TranscoderUnavailable(_summary(ended))
    return _by_words(ended)


def _by_words(ended: Exit) -> MediaError:
    if _mentions(ended, SIZE_WORDS):
        return too_large(ended.stderr)
    if _mentions(ended, MEMORY_WORDS):
        return unsupported("The file needs more memory than a conversion may use.", ended.stderr)
    if _mentions(ended, UNSUPPORTED_WORDS):
        return unsupported("The file's audio is of a kind that is not supported.", ended.stderr)
    return unreadable(ended.stderr)


def complaints(ended: Exit) -> str:
    """Returns the decoder's error messages without harmless ones."""
    return "\n".join(line for line in ended.stderr.splitlines() if not HARMLESS.search(line)).strip()


def unsupported(message: str, diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNSUPPORTED_MEDIA, message, diagnosis)


def cut_off(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNREADABLE_MEDIA, "The file is cut off: its end is missing.", diagnosis)


def too_large(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.TOO_LONG, "The audio would be larger than a result may be.", diagnosis)


def too_long(max_duration_s: float) -> MediaError:
    longest = format_duration(max_duration_s)
    message = f"The audio is longer than {longest}, which is the most that is converted in one piece."
    return MediaError(Fault.TOO_LONG, message)


def format_duration(seconds: float) -> str:
    """Returns `5 seconds`, `1 hour 30 minutes` and the like, rounded to whole seconds."""
    left, words = max(1, round(seconds)), []
    for length, unit in UNITS:
        count, left = divmod(left, length)
        if count:
            words.append(f"{count} {unit}" if count == 1 else f"{count} {unit}s")
    return " ".join(words)


def unreadable(diagnosis: str) -> MediaError:
    message = "The file is not a video or audio file that can be read, or it is damaged."
    return MediaError(Fault.UNREADABLE_MEDIA, message, diagnosis)


def timed_out() -> MediaError:
    return MediaError(Fault.TIMED_OUT, "The conversion took longer than it may.")


def _by_signal(number: int, stderr: str) -> MediaError | TranscoderUnavailable:
    if number == signal.SIGXCPU:
        return timed_out()
    if number == signal.SIGXFSZ:
        return too_large(stderr)
    if number in CRASHES:
        return unreadable(f"signal {number}: {stderr}")
    # By the OOM killer or by an operator.
    return TranscoderUnavailable(f"killed by signal {number}")


def _summary(ended: Exit) -> str:
    return f"exit {ended.code}: {ended.stderr[-500:]}"


def _mentions(ended: Exit, words: tuple[str, ...]) -> bool:
    return any(word in ended.stderr for word in words)
