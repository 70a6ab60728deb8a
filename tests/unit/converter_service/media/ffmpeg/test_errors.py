"""Exit codes and error output of ffmpeg, mapped to errors."""

import signal

import pytest

from converter_service.media.errors import Fault, MachineUnfit, MediaError, TranscoderUnavailable
from converter_service.media.ffmpeg.errors import complaints, failure
from converter_service.media.sandbox.process import Exit


@pytest.mark.parametrize(
    ("code", "stderr"),
    [
        (-signal.SIGKILL, ""),
        (-signal.SIGTERM, ""),
        (255, "Exiting normally, received signal 15."),
        (1, "pipe: Input/output error"),
    ],
)
def test_possible_machine_errors_are_retried(code: int, stderr: str) -> None:
    assert type(failure(Exit(code=code, stderr=stderr))) is TranscoderUnavailable


@pytest.mark.parametrize(
    ("code", "stderr"),
    [
        (1, "av_interleaved_write_frame(): No space left on device"),
        (1, "Unknown encoder 'libmp3lame'"),
        (127, "error while loading shared libraries"),
        (120, "launcher: [Errno 2] No such file or directory"),
    ],
)
def test_certain_machine_errors_are_distinguished(code: int, stderr: str) -> None:
    assert isinstance(failure(Exit(code=code, stderr=stderr)), MachineUnfit)


@pytest.mark.parametrize(
    ("code", "stderr", "fault"),
    [
        (1, "Invalid data found when processing input", Fault.UNREADABLE_MEDIA),
        (1, "", Fault.UNREADABLE_MEDIA),
        (69, "Error while decoding stream #0:0", Fault.UNREADABLE_MEDIA),
        (-signal.SIGSEGV, "", Fault.UNREADABLE_MEDIA),
        (-signal.SIGABRT, "", Fault.UNREADABLE_MEDIA),
        (-signal.SIGXCPU, "", Fault.TIMED_OUT),
        (-signal.SIGXFSZ, "", Fault.TOO_LONG),
        (1, "File too large", Fault.TOO_LONG),
        (1, "Cannot allocate memory", Fault.UNSUPPORTED_MEDIA),
        (1, "Number of streams exceeds max_streams parameter", Fault.UNSUPPORTED_MEDIA),
        (1, "Error while opening decoder for input stream #0:0", Fault.UNSUPPORTED_MEDIA),
    ],
)
def test_errors_of_the_file_are_final(code: int, stderr: str, fault: Fault) -> None:
    failed = failure(Exit(code=code, stderr=stderr))
    assert isinstance(failed, MediaError)
    assert failed.code is fault
    assert stderr not in failed.message or not stderr


def test_messages_about_refused_video_decoders_are_ignored() -> None:
    own = "[h264 @ 0x1] Codec (h264) not on whitelist 'aac'\n    Last message repeated 1 times\n"
    assert complaints(Exit(code=0, stderr=own)) == ""
    assert "partial" in complaints(Exit(code=0, stderr=f"{own}stream 1: partial file\n"))
