"""Upload throughput through the gateway to a stub, against the same upload without the gateway."""

import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench import relay_stub

SIZE = 1024 * 1024 * 1024
ROUNDS = 5
PIECE = bytes(1024 * 1024)
STARTING_S = 20.0


def main() -> None:
    sink, gateway = free_port(), free_port()
    with running_sink(sink), running_gateway(gateway, sink) as process:
        upload(sink, SIZE // 8)
        upload(gateway, SIZE // 8)
        idle = resident_mib(process.pid)
        direct, relayed = [], []
        for _ in range(ROUNDS):  # alternating, so that both see the same load
            direct.append(SIZE / upload(sink, SIZE))
            relayed.append(SIZE / upload(gateway, SIZE))
        peak = resident_mib(process.pid, "VmHWM")
    without, through = statistics.median(direct), statistics.median(relayed)
    print(f"relay: {without / 1e6:.0f} MB/s without the gateway, {through / 1e6:.0f} MB/s through it")
    print(f"relay: ratio {through / without:.2f}; memory {idle:.0f} MiB warm, {peak:.0f} MiB at most")


def upload(port: int, size: int) -> float:
    """Uploads `size` bytes; returns the seconds until the response."""
    head = (
        "POST /v1/conversions HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer bench\r\nConnection: close\r\n"
        f"Content-Type: video/mp4\r\nContent-Length: {size}\r\n\r\n"
    )
    started = time.perf_counter()
    with socket.create_connection(("127.0.0.1", port), timeout=120) as connection:
        connection.sendall(head.encode())
        for _ in range(size // len(PIECE)):
            connection.sendall(PIECE)
        answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 202 "):
        raise RuntimeError(f"refused: {answer[:200]!r}")
    return time.perf_counter() - started


@contextmanager
def running_sink(port: int) -> Iterator[None]:
    process = multiprocessing.get_context("spawn").Process(target=relay_stub.main, args=(port,))
    process.start()
    try:
        wait_for(port)
        yield
    finally:
        process.terminate()
        process.join(10)


@contextmanager
def running_gateway(port: int, service: int) -> Iterator["subprocess.Popen[bytes]"]:
    """Runs a gateway without RabbitMQ, which uploads do not need."""
    environment = {
        **os.environ,
        "LOG_LEVEL": "error",
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(free_port()),
        "GATEWAY_AUTH_URL": f"http://127.0.0.1:{service}",
        "GATEWAY_CONVERTER_URL": f"http://127.0.0.1:{service}",
        "GATEWAY_RATE_LIMIT_UPLOAD": "10000/hour",
        "AUTH_INTROSPECTION_SECRET": "only-for-measuring",
        "AMQP_URL": f"amqp://127.0.0.1:{free_port()}",
    }
    process = subprocess.Popen([sys.executable, "-m", "gateway"], env=environment, stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        yield process
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


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    """Returns a memory value of a process in MiB; NaN without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024


if __name__ == "__main__":
    main()
