"""Causes of the end of programs, as the metrics name them."""

import signal

import pytest

from converter_service.media.ffmpeg.exit_causes import cause_of, program_name
from converter_service.media.sandbox.process import Exit


@pytest.mark.parametrize(
    ("code", "stderr", "cause"),
    [
        (0, "", "success"),
        (0, "No space left on device", "machine"),
        (1, "Invalid data found when processing input", "error"),
        (127, "error while loading shared libraries", "machine"),
        (255, "Exiting normally, received signal 15.", "stopped"),
        (-signal.SIGPIPE, "", "stopped"),
        (-signal.SIGXCPU, "", "processor_limit"),
        (-signal.SIGXFSZ, "", "size_limit"),
        (-signal.SIGSEGV, "", "crash"),
        (-signal.SIGSYS, "", "crash"),
        (-signal.SIGKILL, "", "killed"),
    ],
)
def test_an_exit_has_one_cause(code: int, stderr: str, cause: str) -> None:
    assert cause_of(Exit(code=code, stderr=stderr)) == cause


def test_a_program_that_its_worker_ends_was_stopped() -> None:
    assert cause_of(None) == "stopped"


def test_programs_have_the_same_name_wherever_they_are_installed() -> None:
    found = [program_name(path, "/opt/a/ffmpeg-8", "/opt/a/ffprobe-8") for path in ("/opt/a/ffmpeg-8",)]
    assert found == ["ffmpeg"]
    assert program_name("/opt/a/ffprobe-8", "/opt/a/ffmpeg-8", "/opt/a/ffprobe-8") == "ffprobe"
    assert program_name("/usr/bin/python3", "/opt/a/ffmpeg-8", "/opt/a/ffprobe-8") == "tags"
