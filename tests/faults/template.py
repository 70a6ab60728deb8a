"""A process that has imported the services, and forks one in a fraction of the time that a start takes.

`python -m tests.faults.template SOCKET` serves until its standard input ends. `Template` is its client, whose
`launch` takes the place of a start: that takes 1.5 to 3 seconds of processor time for imports, and a fault
run starts services some thousand times. A forked service differs from a started one only in what is imported
already; importing a module has no effects, and random numbers are seeded anew. Each is a child of the caller,
which reaps it: the process in between ends at once, and the caller adopts orphans (PR_SET_CHILD_SUBREAPER of
Linux), also those that a killed service leaves behind.
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
from devstack.process_tree import MARK
from devstack.servers.environment import plain_environment
from devstack.service import Service
from tests.faults.clock import Clock

PR_SET_CHILD_SUBREAPER = 36
READY_WITHIN_S, ANSWERS_WITHIN_S = 120.0, 30.0
REQUEST_BYTES = 256 * 1024
POLL_S = 0.02
# Exit code of a process that another part of this one has reaped.
UNKNOWN = 255
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
                    self._code = UNKNOWN
                else:
                    self._code = os.waitstatus_to_exitcode(status) if ended else None
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
        self.address = Path(self._folder.name) / "template"
        self._process: subprocess.Popen[bytes] | None = None
        self._stack = ""
        self._lock = threading.Lock()

    def launch(self, command: Sequence[str], env: Mapping[str, str], log: Path) -> Child:
        """Starts `python -m tests.faults.launch PACKAGE [ROLE]`, with its output appended to `log`.

        All services of a template belong to one stack.
        """
        if sys.platform != "linux":
            return launch(command, env, log)
        self._start(env.get(MARK, ""))
        _, _, module, *service = command
        if module != LAUNCH:
            raise ValueError(f"the template does not start {module}")
        request = {"command": service, "environment": dict(env), "log": str(log)}
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as connection:
            connection.settimeout(ANSWERS_WITHIN_S)
            connection.connect(str(self.address))
            connection.send(json.dumps(request).encode())
            if not (answer := connection.recv(64)):
                raise RuntimeError(f"the template process could not fork {service}")
            return ForkedProcess(int(answer))

    def forks(self, service: Service) -> Service:
        """Has `service` forked by this template from its next start on."""
        service.launched_by(LAUNCH).process.launcher = self.launch
        return service

    def close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            try:
                process.communicate(timeout=ANSWERS_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate(timeout=ANSWERS_WITHIN_S)
        self._folder.cleanup()

    def _start(self, stack: str) -> None:
        with self._lock:
            if self._process is not None:
                if stack != self._stack:
                    raise ValueError("a template forks the services of one stack")
                return
            if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
                raise OSError("this process cannot adopt orphans")
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.faults.template", str(self.address)],
                # The kernel shows a forked process with the template's variables: they tell whose it is.
                env={**plain_environment(), MARK: stack},
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                start_new_session=True,
            )
            output = process.stdout
            if (
                output is None
                or not select.select([output], [], [], READY_WITHIN_S)[0]
                or not output.readline()
            ):
                process.kill()
                process.communicate(timeout=ANSWERS_WITHIN_S)
                raise RuntimeError("the template process did not start")
            self._process, self._stack = process, stack


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
        # Runs as the main module now.
        sys.modules.pop(f"{request['command'][0]}.__main__", None)
        folder = Path(os.environ["FAULTS_FOLDER"])
        clock.read_from(folder)
        import_module(LAUNCH).run_service(request["command"], folder)


def serve(listener: socket.socket) -> dict[str, Any] | None:
    """Forks a process for each request. Returns in each of them its request; None at the end of the input."""
    while True:
        readable, _, _ = select.select([listener, sys.stdin], [], [])
        if sys.stdin in readable:
            return None
        connection, _ = listener.accept()
        with connection:
            connection.settimeout(ANSWERS_WITHIN_S)
            try:
                request: dict[str, Any] = json.loads(connection.recv(REQUEST_BYTES))
            except (OSError, ValueError):  # the caller has gone
                continue
            if (pid := fork_orphan()) is None:
                return request
            with contextlib.suppress(OSError):
                connection.send(pid)


def fork_orphan() -> bytes | None:
    """Forks a process whose parent has ended. Returns None in it, and here its id, `b""` if that failed."""
    reading, writing = os.pipe()
    between = os.fork()
    if not between:
        forked = -1
        try:
            forked = os.fork()
            if forked:
                os.write(writing, str(forked).encode())
        finally:
            if forked:
                os._exit(0)
        os.close(reading)
        os.close(writing)
        return None
    os.close(writing)
    pid = os.read(reading, 64)
    os.close(reading)
    os.waitpid(between, 0)
    return pid


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
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    random.seed()


if __name__ == "__main__":
    main()
