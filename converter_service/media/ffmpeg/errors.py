"""Maps ffmpeg's exit code and error output to MediaError (file) or TranscoderUnavailable (the machine)."""

import re
import signal

from converter_service.media.errors import MachineUnfit, MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg.faults import timed_out, too_large, unreadable, unsupported
from converter_service.media.ffmpeg.silence_report import PRINTED
from converter_service.media.sandbox import launcher
from converter_service.media.sandbox.process import Exit

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
# What decoders without USAC (MPEG-D, ISO/IEC 23003-3) say about it.
OBJECT_TYPE_42 = re.compile(r"Audio object type [A-Z-]*42\b|USAC", re.ASCII)
MEMORY_WORDS = ("Cannot allocate memory", "bad_alloc", "Failed to allocate")
# Lines that our own options cause (no video decoder is on the allowlist), and that of ffmpeg 8's Opus parser
# at the end of each Matroska file; the decoder reports a damaged packet in other words.
HARMLESS = re.compile(r"not on whitelist|Last message repeated|Error parsing Opus packet header|^$")
# The decoders of AC-3 and E-AC-3 say so once for each damaged frame, and go on with the sound before it.
REPLACED = re.compile(r"error decoding the audio block")
REPEATED = re.compile(r"Last message repeated (\d+) times", re.ASCII)
SIZE_WORDS = ("File too large",)


def is_machines_fault(ended: Exit) -> bool:
    """Whether the machine was the cause. The exit code is 0, too, if the end of a file cannot be written."""
    return ended.code in UNFIT_CODES or _mentions(ended, UNFIT_WORDS)


def failure(ended: Exit) -> MediaError | TranscoderUnavailable:
    """Returns the exception to raise for an exit code other than 0, or for a fault of the machine."""
    if ended.code < 0:
        return _by_signal(-ended.code, ended.stderr)
    if is_machines_fault(ended):
        return MachineUnfit(_summary(ended))
    if ended.code == ASKED_TO_STOP or _mentions(ended, DOUBTFUL_WORDS):
        return TranscoderUnavailable(_summary(ended))
    return _by_words(ended)


def joint_exit(decoded: Exit, ended: Exit) -> Exit:
    """The exit of two ffmpegs, of which the second one read what the first one decoded."""
    # The second one has all that it wants, which is no error of the first one.
    is_refused = decoded.code not in (0, -signal.SIGPIPE) and "Broken pipe" not in decoded.stderr
    code = decoded.code if is_refused else ended.code
    lines = [line for line in decoded.stderr.splitlines() if "Broken pipe" not in line]
    return Exit(code=code, stderr="\n".join([*lines, ended.stderr]))


def _by_words(ended: Exit) -> MediaError:
    if _mentions(ended, SIZE_WORDS):
        return too_large(ended.stderr)
    if _mentions(ended, MEMORY_WORDS):
        return unsupported("The file needs more memory than a conversion may use.", ended.stderr)
    if OBJECT_TYPE_42.search(ended.stderr):
        return unsupported("The file's audio is xHE-AAC (USAC), which is not supported.", ended.stderr)
    if _mentions(ended, UNSUPPORTED_WORDS):
        return unsupported("The file's audio is of a kind that is not supported.", ended.stderr)
    return unreadable(ended.stderr)


def complaints(ended: Exit) -> str:
    """Returns the decoder's error messages without harmless ones."""
    lines = PRINTED.sub("", ended.stderr).splitlines()
    return "\n".join(line for line in lines if not HARMLESS.search(line)).strip()


def replaced_frames(ended: Exit) -> int:
    """The number of damaged frames for which the decoder made something up."""
    count, is_replaced = 0, False
    for line in PRINTED.sub("", ended.stderr).splitlines():
        if (again := REPEATED.search(line)) is not None:
            count += int(again[1]) if is_replaced else 0
        elif line:
            is_replaced = REPLACED.search(line) is not None
            count += is_replaced
    return count


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
