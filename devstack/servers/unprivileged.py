"""Running a server that refuses to be root, when we are root."""

import os
import pwd
import shutil
from collections.abc import Sequence
from pathlib import Path

ACCOUNT = "nobody"


def unprivileged(command: Sequence[str], data: Path) -> list[str]:
    """The same command as another user; unchanged unless we are root.

    A checkout below a private directory such as /root would be out of that user's reach. Then the process
    keeps one capability, CAP_DAC_OVERRIDE, to get past directory permissions. Without `no_setuid_fixup`
    access(2), which PostgreSQL asks about its own binary, would not honour it.
    """
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        return list(command)
    prefix = ["setpriv", f"--reuid={ACCOUNT}", f"--regid={pwd.getpwnam(ACCOUNT).pw_gid}", "--clear-groups"]
    if all(map(open_to_everybody, [Path(command[0]), data])):
        return [*prefix, "--inh-caps=-all", "--bounding-set=-all", *command]
    kept = [
        "--inh-caps=-all,+dac_override",
        "--ambient-caps=+dac_override",
        "--bounding-set=-all,+dac_override",
    ]
    return [*prefix, "--securebits=+no_setuid_fixup,+noroot", *kept, *command]


def give_away(path: Path) -> None:
    """To the user that `unprivileged` runs as; does nothing unless we are root."""
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(path, account.pw_uid, account.pw_gid)


def open_to_everybody(path: Path) -> bool:
    return all(parent.stat().st_mode & 0o001 for parent in path.parents)
