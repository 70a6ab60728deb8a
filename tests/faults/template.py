"""A process that has imported the services, and forks one in a fraction of the time that a start takes.

`python -m tests.faults.template SOCKET` serves until its standard input ends. `Template` is its client, whose
`launch` takes the place of a start: a start takes 1.5 to 3 seconds of processor time for imports,
and a fault run starts services some thousand times. A forked service is like a started one, since importing a
module has no effects; random numbers are seeded anew. Each is a child of the caller, which reaps it: the
process in between ends at once, and the caller is the one that adopts orphans (PR_SET_CHILD_SUBREAPER of
Linux).
"""

import contextlib
import ctypes
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from devstack.home import REPOSITORY
from devstack.process import Child, launch
from devstack.servers.environment import plain_environment
from tests.faults.clock import Clock

PR_SET_CHILD_SUBREAPER = 36
READY_WITHIN_S, ANSWERS_WITHIN_S = 120.0, 30.0
REQUEST_BYTES = 256 * 1024
POLL_S = 0.02
LAUNCH = "tests.faults.launch"
IMPORTED = (
    "auth_service.__main__",
    "converter_service.__main__",
    "gateway.__main__",
    "notification_service.__main__",
    LAUNCH,
)


class ForkedProcess:
    """A child process that `Template` has started; the part of `subprocess.Popen` that callers need."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:
            if self._code is None:
                try:
                    ended, status = os.waitpid(self.pid, os.WNOHANG)
                except ChildProcessError:
                    # Not adopted yet: the process in between is about to end.
                    return None
                if ended:
                    self._code = os.waitstatus_to_exitcode(status)
            return self._code

    def wait(self, timeout: float) -> int:
        """Returns the exit code. Raises subprocess.TimeoutExpired."""
        deadline = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout)
            time.sleep(POLL_S)
        return code


class Template:
    """The template process, started at first use; `close` ends it."""

    def __init__(self) -> None:
        # Of its own, because the address of a socket has a hundred characters at most (unix(7)).
        self._folder = tempfile.TemporaryDirectory(prefix="tonegate-")
        self._address = Path(self._folder.name) / "template"
        self._process: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def launch(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        """Starts `python -m tests.faults.launch PACKAGE [ROLE]`, with its output appended to `log`."""
        if sys.platform != "linux":
            return launch(command, env, log)
        self._start()
        _, _, module, *service = command
        if module != LAUNCH:
            raise ValueError(f"the template does not start {module}")
        request = {"command": service, "environment": dict(env), "log": str(log)}
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(ANSWERS_WITHIN_S)
            connection.connect(str(self._address))
            connection.send(json.dumps(request).encode())
            return ForkedProcess(int(connection.recv(64)))

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=ANSWERS_WITHIN_S)
            self._process = None
        self._folder.cleanup()

    def _start(self) -> None:
        with self._lock:
            if self._process is not None:
                return
            ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.template", str(self._address)],
                env=plain_environment(),
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            output = self._process.stdout
            if (
                output is None
                or not select.select([output], [], [], READY_WITHIN_S)[0]
                or not output.readline()
            ):
                raise RuntimeError("the template process did not start")


def main() -> None:
    clock = Clock(Path(os.devnull).parent)
    clock.install()
    for module in IMPORTED:
        import_module(module)
    if threading.active_count() > 1:
        raise RuntimeError("a thread runs after the imports, which a fork would not have")
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(sys.argv[1])
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        request = serve(listener)
    if request:
        become(request)
        clock.read_from(Path(os.environ["FAULTS_FOLDER"]))
        import_module(LAUNCH).run_service(request["command"], Path(os.environ["FAULTS_FOLDER"]))


def serve(listener: socket.socket) -> dict[str, Any] | None:
    """Forks a process for each request. Returns in each of them its request; None at the end of the input."""
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            return None
        connection, _ = listener.accept()
        with connection, contextlib.suppress(OSError):
            request: dict[str, Any] = json.loads(connection.recv(REQUEST_BYTES))
            if between := os.fork():
                os.waitpid(between, 0)
            elif forked := os.fork():
                connection.send(str(forked).encode())
                os._exit(0)
            else:
                return request


def become(request: Mapping[str, Any]) -> None:
    """Gives this process the session, variables, streams and random numbers of one that was started."""
    os.setsid()
    os.environ.clear()
    os.environ.update(request["environment"])
    log = os.open(request["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (log, 1), (log, 2)):
        os.dup2(source, target)
    os.close(log)
    os.close(nothing)
    random.seed()


if __name__ == "__main__":
    main()
