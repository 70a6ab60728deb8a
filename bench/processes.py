"""Server processes that a benchmark starts, and free ports for them."""

import multiprocessing
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

STARTING_S = 20.0


@contextmanager
def running_stub(serve: Callable[..., None], port: int, *arguments: object) -> Iterator[int]:
    """Runs `serve(port, *arguments)` in a new process; yields its PID when the port accepts connections."""
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(port, *arguments))
    process.start()
    try:
        wait_for(port)
        yield process.pid or 0
    finally:
        process.terminate()
        process.join(10)


@contextmanager
def running_program(
    command: Sequence[str | Path], environment: Mapping[str, str], port: int
) -> Iterator[int]:
    """Runs a server; yields its PID when the port accepts connections.

    It gets a new session, like a service of the stack: Linux divides a core by session (sched(7), autogroup).
    """
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        wait_for(port)
        yield process.pid
    finally:
        process.terminate()
        process.wait(30)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + STARTING_S
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(f"nothing listens on port {port}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
