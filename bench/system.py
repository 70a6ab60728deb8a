"""The whole system for measurements: started on real servers, with one account signed in."""

import base64
import json
import secrets
import socket
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from devstack.stack import Stack

PIECE = 1024 * 1024
SETTINGS: Mapping[str, str] = {
    "LOG_LEVEL": "warning",
    "GATEWAY_RATE_LIMIT_DEFAULT": "1000000/minute",
    "GATEWAY_RATE_LIMIT_UPLOAD": "1000000/hour",
    "GATEWAY_MAX_STREAMS_PER_CLIENT": "4096",
    "CONVERTER_MAX_UPLOAD_BYTES": str(8 * 1024**3),
}


class MeasuredSystem:
    """A running stack and an account that is signed in."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self._port = stack.service("gateway").port
        account = {"email": f"{secrets.token_hex(6)}@example.org", "password": "correct horse battery staple"}
        self.call("POST", "/v1/auth/register", account)
        self._token = str(self.call("POST", "/v1/auth/login", account)["access_token"])
        self.headers = {"Authorization": f"Bearer {self._token}"}

    def call(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        """Sends a JSON request; returns the decoded JSON response."""
        request = urllib.request.Request(f"{self.stack.url}{path}", method=method)
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        if hasattr(self, "_token"):
            request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=60) as answer:
            content = answer.read()
        return dict(json.loads(content)) if content else {}

    def upload(self, pieces: Iterable[bytes], size: int) -> str:
        """Uploads a raw body over one connection through the gateway; returns the conversion's id."""
        head = (
            "POST /v1/conversions HTTP/1.1\r\nHost: bench\r\nConnection: close\r\nContent-Type: video/mp4\r\n"
            f"Authorization: Bearer {self._token}\r\nContent-Length: {size}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", self._port), timeout=300) as connection:
            connection.sendall(head.encode())
            for piece in pieces:
                connection.sendall(piece)
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        if not answer.startswith(b"HTTP/1.1 202 "):
            raise RuntimeError(f"refused: {answer[:300]!r}")
        return str(json.loads(answer[answer.index(b"{") : answer.rindex(b"}") + 1])["id"])

    def finished(self, conversion_id: str, timeout_s: float) -> dict[str, Any]:
        """Polls until the conversion has ended; raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            conversion = self.call("GET", f"/v1/conversions/{conversion_id}")
            if conversion["status"] in {"completed", "failed"}:
                return conversion
            time.sleep(0.05)
        raise TimeoutError(f"conversion {conversion_id} did not end")

    def delete(self, conversion_id: str) -> None:
        self.call("DELETE", f"/v1/conversions/{conversion_id}")

    def basic(self) -> str:
        """Returns the gateway's credentials for auth_service."""
        secret = self.stack.settings()["AUTH_INTROSPECTION_SECRET"]
        return f"Basic {base64.b64encode(f'gateway:{secret}'.encode()).decode()}"

    def memory_mib(self, service: str, field: str) -> float:
        """Returns `VmRSS` (current) or `VmHWM` (peak) in MiB; NaN without /proc."""
        pid = self.stack.service(service).process.pid
        try:
            status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        except OSError:
            return float("nan")
        return int(next(line for line in status.splitlines() if line.startswith(field)).split()[1]) / 1024


@contextmanager
def measured_system(*services: str, settings: Mapping[str, str] | None = None) -> Iterator[MeasuredSystem]:
    """Runs all servers and the named services, or all; `settings` are added to those of every benchmark."""
    with tempfile.TemporaryDirectory(prefix="tonegate-bench-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        with Stack(Path(path), {**SETTINGS, **(settings or {})}) as stack:
            stack.start(*(server.name for server in stack.servers), *services) if services else stack.start()
            yield MeasuredSystem(stack)


def pieces_of(content: bytes, size: int) -> Iterator[bytes]:
    """Repeats `content` up to `size` bytes."""
    for _ in range(size // len(content)):
        yield content
    if rest := size % len(content):
        yield content[:rest]


def pieces_of_file(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece
