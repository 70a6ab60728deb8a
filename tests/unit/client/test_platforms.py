"""The client on systems that are not POSIX: what its modules import."""

import subprocess
import sys

from devstack.home import REPOSITORY

# With the libraries loaded before, only the client's own modules take this for Windows.
IMPORT_ALL = """
import asyncio, pkgutil, sqlite3, sys, types
import click.shell_completion, httpx, msgspec, platformdirs, rich.console, rich.progress
for name in ("fcntl", "grp", "posix", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
sys.modules["msvcrt"] = types.ModuleType("msvcrt")
sys.platform = "win32"
import tonegate_client
optional = {"tonegate_client.sound.pyav_program"}
for each in pkgutil.walk_packages(tonegate_client.__path__, "tonegate_client."):
    if each.name not in optional:
        __import__(each.name)
print(len([name for name in sys.modules if name.startswith("tonegate_client.")]))
"""


def test_no_module_needs_what_only_posix_has() -> None:
    done = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL],
        env={"PYTHONPATH": str(REPOSITORY / "client/src"), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 50
