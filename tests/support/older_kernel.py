"""Runs a module as on a kernel without seccomp or Landlock: `python -m tests.support.older_kernel MODULE …`.

TONEGATE_KERNEL_LACKS names the mechanism. A filter makes its system calls fail, in all descendants too.
"""

import ctypes
import os
import platform
import runpy
import sys
from collections.abc import Mapping
from types import MappingProxyType

from converter_service.media.sandbox import seccomp
from converter_service.media.sandbox.launcher import (
    LANDLOCK_CREATE,
    PR_SET_NO_NEW_PRIVS,
    PR_SET_SECCOMP,
    apply_seccomp,
)

EINVAL = 22
PRCTL = (157, 167)
LACKS = "TONEGATE_KERNEL_LACKS"


def _steps(mechanism: str) -> list[list[int]]:
    load, equal, leave = seccomp.LOAD, seccomp.EQUAL, seccomp.RETURN
    number = [load, 0, 0, seccomp.NUMBER]
    if mechanism == "landlock":
        return [
            number,
            [equal, 0, 1, LANDLOCK_CREATE],
            [leave, 0, 0, seccomp.FAILED | seccomp.ENOSYS],
            [leave, 0, 0, seccomp.ALLOWED],
        ]
    _, column = seccomp.ARCHITECTURES[platform.machine()]
    return [
        number,
        [equal, 0, 3, PRCTL[column]],
        [load, 0, 0, seccomp.ARGUMENTS],
        [equal, 0, 1, PR_SET_SECCOMP],
        [leave, 0, 0, seccomp.FAILED | EINVAL],
        [leave, 0, 0, seccomp.ALLOWED],
    ]


def main(arguments: list[str], environment: Mapping[str, str] = MappingProxyType(os.environ)) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if not apply_seccomp(libc, _steps(environment[LACKS])):
        raise OSError(ctypes.get_errno(), "the filter was not installed")
    sys.argv = arguments
    runpy.run_module(arguments[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(sys.argv[1:])
