"""Runs a server that refuses to run as root under another account, when this process is root."""

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

ACCOUNT = "nobody"


def unprivileged(command: Sequence[str], data: Path) -> list[str]:
    """Returns the command prefixed to run as ACCOUNT; unchanged unless this process is root.

    That account cannot enter a checkout below a private directory such as /root. The process then keeps one
    capability, CAP_DAC_OVERRIDE, which ignores directory permissions. Without `no_setuid_fixup`, access(2),
    which PostgreSQL calls for its own binary, would not honour it.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return list(command)
    prefix = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={pwd.getpwnam(ACCOUNT).pw_gid}", "--clear-groups"]
    if all(map(is_world_accessible, [Path(command[0]), data])):
        return [*prefix, "--inh-caps=-all", "--bounding-set=-all", *command]
    kept = [
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=+dac_override",
        "--bounding-set=-all,+dac_override",
    ]
    return [*prefix, "--securebits=+no_setuid_fixup,+noroot", *kept, *command]


def give_to_unprivileged(path: Path) -> None:
    """Changes the owner of a path to ACCOUNT; does nothing unless this process is root."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(path, account.pw_uid, account.pw_gid)


def is_world_accessible(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
