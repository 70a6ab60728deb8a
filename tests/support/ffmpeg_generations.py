"""The generations of ffmpeg that the tests run on: the machine's, Debian 13's (as in the containers), and 8.

`TONEGATE_FFMPEG` limits them to those whose version begins with it, such as `5` or `7.1`.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from functools import cache

import msgspec

from converter_service.media.ffmpeg.tools import Tools, find_tools
from devstack.home import REPOSITORY
from tests.support.quick_programs import quick_program

VARIABLE = "TONEGATE_FFMPEG"
DEBIAN_13 = REPOSITORY / ".devstack" / "ffmpeg-debian13"
NAMES = ("ffmpeg", "ffprobe")
VERSION = re.compile(r"ffmpeg version n?(\d+\.\d+)")


class Generation(msgspec.Struct, frozen=True):
    """`version` is that of ffmpeg, such as `7.1`; `origin` says where the programs come from."""

    version: str
    origin: str
    tools: Tools

    def __str__(self) -> str:
        return f"ffmpeg {self.version}"


@cache
def generations() -> Sequence[Generation]:
    """The generations that are installed, the machine's own first."""
    found = [Generation(*_described("this machine", find_tools(threads=1)))]
    unpacked = [DEBIAN_13 / name for name in NAMES]
    for origin, programs in (("Debian 13", unpacked), ("PyPI", [quick_program(name) for name in NAMES])):
        if all(program is not None and os.access(program, os.X_OK) for program in programs):
            found.append(Generation(*_described(origin, find_tools(1, *map(str, programs)))))
    wanted = os.environ.get(VARIABLE, "")
    return tuple(each for each in found if each.version.startswith(wanted))


def _described(origin: str, tools: Tools) -> tuple[str, str, Tools]:
    command = [tools.ffmpeg, "-hide_banner", "-version"]
    printed = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    version = VERSION.match(printed)
    return (version[1] if version else "unknown", origin, tools)
