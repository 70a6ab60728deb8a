"""`make check` looks up known vulnerabilities of the page's locked packages."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import pytest

from devstack.page_audit import audit


@contextlib.contextmanager
def registry(package: str) -> Iterator[list[str]]:
    """Yields the options for a registry that knows a vulnerability in all versions of `package`."""
    advisory = {"id": 1, "url": "https://example.org/TEST-1", "title": "TEST-1", "severity": "high"}
    advisory |= {"vulnerable_versions": "*", "cwe": [], "cvss": {"score": 0, "vectorString": None}}

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self._send(json.dumps({package: [advisory]}).encode())

        def do_GET(self) -> None:
            self._send(json.dumps({"name": unquote(self.path[1:]), "versions": {}}).encode())

        def _send(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield [f"--registry=http://127.0.0.1:{server.server_port}/"]
        finally:
            server.shutdown()
            thread.join()


def test_a_package_of_the_page_with_a_known_vulnerability_fails_the_check(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with registry("preact") as options:
        assert audit(options) == 1
    said = capsys.readouterr().err
    assert "preact" in said
    assert "TEST-1 (high) https://example.org/TEST-1" in said


def test_packages_without_known_vulnerabilities_pass(capsys: pytest.CaptureFixture[str]) -> None:
    with registry("another-package") as options:
        assert audit(options) == 0
    assert "no known vulnerabilities" in capsys.readouterr().out


def test_a_database_that_cannot_be_reached_is_reported_and_fails_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert audit(["--registry=http://127.0.0.1:9/"]) == 0
    assert "NOT AUDITED" in capsys.readouterr().err
