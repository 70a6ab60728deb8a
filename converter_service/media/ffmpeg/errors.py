"""Why ffmpeg gave up, from its exit code and last words: the file's fault, or the machine's."""

import re
import signal

from converter_service.media.ffmpeg.probe import unreadable
from converter_service.media.sandbox import launcher
from converter_service.media.sandbox.process import Exit
from converter_service.media.transcoder import Fault, MachineUnfit, MediaError, TranscoderUnavailable

# ffmpeg ends in order, with this code, when somebody asks it to with a signal.
ASKED_TO_STOP = 255
# A library that cannot be loaded, or a program that is no program.
NO_PROGRAM = (126, 127)
UNFIT_CODES = frozenset({launcher.FAILED, *NO_PROGRAM})
CRASHES = frozenset(
    {signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSYS}
)
UNFIT_WORDS = ("No space left on device", "Unknown encoder", "Disk quota exceeded")
# Of a disk that is about to die, or of a demuxer that ran out of ideas.
DOUBTFUL_WORDS = ("Input/output error",)
UNSUPPORTED_WORDS = ("opening decoder", "Decoder (codec", "Unknown decoder", "max_streams")
MEMORY_WORDS = ("Cannot allocate memory", "bad_alloc", "Failed to allocate")
OWN_DOING = re.compile(r"not on whitelist|Last message repeated|^$")
SIZE_WORDS = ("File too large",)


def failure(ended: Exit) -> MediaError | TranscoderUnavailable:
    """The exception to raise for an exit code other than 0."""
    if ended.code < 0:
        return _by_signal(-ended.code, ended.stderr)
    if ended.code in UNFIT_CODES or _says(ended, UNFIT_WORDS):
        return MachineUnfit(_last_words(ended))
    if ended.code == ASKED_TO_STOP or _says(ended, DOUBTFUL_WORDS):
        return TranscoderUnavailable(_last_words(ended))
    return _by_words(ended)


def _by_words(ended: Exit) -> MediaError:
    if _says(ended, SIZE_WORDS):
        return too_large(ended.stderr)
    if _says(ended, MEMORY_WORDS):
        return unsupported("The file needs more memory than a conversion may use.", ended.stderr)
    if _says(ended, UNSUPPORTED_WORDS):
        return unsupported("The file's audio is of a kind that is not supported.", ended.stderr)
    return unreadable(ended.stderr)


def complaints(ended: Exit) -> str:
    """What the decoder found wrong. That no video decoder was to be had is no fault of the file's."""
    return "\n".join(line for line in ended.stderr.splitlines() if not OWN_DOING.search(line)).strip()


def unsupported(message: str, diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNSUPPORTED_MEDIA, message, diagnosis)


def cut_off(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.UNREADABLE_MEDIA, "The file is cut off: its end is missing.", diagnosis)


def too_large(diagnosis: str = "") -> MediaError:
    return MediaError(Fault.TOO_LONG, "The audio would be larger than a result may be.", diagnosis)


def timed_out() -> MediaError:
    return MediaError(Fault.TIMED_OUT, "The conversion took longer than it may.")


def _by_signal(number: int, stderr: str) -> MediaError | TranscoderUnavailable:
    if number == signal.SIGXCPU:
        return timed_out()
    if number == signal.SIGXFSZ:
        return too_large(stderr)
    if number in CRASHES:
        return unreadable(f"signal {number}: {stderr}")
    # Memory ran out on the machine, or somebody stopped it.
    return TranscoderUnavailable(f"killed by signal {number}")


def _last_words(ended: Exit) -> str:
    return f"exit {ended.code}: {ended.stderr[-500:]}"


def _says(ended: Exit, words: tuple[str, ...]) -> bool:
    return any(word in ended.stderr for word in words)
