"""Upload throughput through the gateway to a stub, against the same upload without the gateway."""

import os
import socket
import statistics
import sys
import time
from pathlib import Path

from bench.processes import free_port, running_program, running_stub
from bench.stubs import serve_uploads
from shared.identity.key_pair import generate

SIZE = 1024 * 1024 * 1024
ROUNDS = 5
PIECE = bytes(1024 * 1024)


def main() -> None:
    sink, gateway = free_port(), free_port()
    command, environment = [sys.executable, "-m", "gateway"], gateway_environment(gateway, sink)
    with running_stub(serve_uploads, sink), running_program(command, environment, gateway) as pid:
        upload(sink, SIZE // 8)
        upload(gateway, SIZE // 8)
        idle = resident_mib(pid)
        direct, relayed = [], []
        for _ in range(ROUNDS):  # alternating, so that both see the same load
            direct.append(SIZE / upload(sink, SIZE))
            relayed.append(SIZE / upload(gateway, SIZE))
        peak = resident_mib(pid, "VmHWM")
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


def gateway_environment(port: int, service: int) -> dict[str, str]:
    """Settings of a gateway without RabbitMQ, which uploads do not need."""
    return {
        **os.environ,
        "LOG_LEVEL": "error",
        "GATEWAY_PORT": str(port),
        "GATEWAY_METRICS_PORT": str(free_port()),
        "GATEWAY_AUTH_URL": f"http://127.0.0.1:{service}",
        "GATEWAY_CONVERTER_URL": f"http://127.0.0.1:{service}",
        "GATEWAY_RATE_LIMIT_UPLOAD": "10000/hour",
        "AUTH_INTROSPECTION_SECRET": "only-for-measuring",
        "GATEWAY_TOKEN_KEY": generate().pem.reveal(),
        "AMQP_URL": f"amqp://127.0.0.1:{free_port()}",
    }


def resident_mib(pid: int, field: str = "VmRSS") -> float:
    """Returns a memory value of a process in MiB; NaN without /proc."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return float("nan")
    return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024


if __name__ == "__main__":
    main()
