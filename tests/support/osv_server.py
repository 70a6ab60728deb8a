"""A database of vulnerabilities (https://osv.dev) with one entry."""

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@contextlib.contextmanager
def osv_server(package: str, identifier: str) -> Iterator[str]:
    """Yields the URL of a server that knows `identifier` in all versions of `package`, without a fix."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
            known = {"vulns": [{"id": identifier, "modified": "2026-01-01T00:00:00Z"}]}
            self._send({"results": [known if q["package"]["name"] == package else {} for q in queries]})

        def do_GET(self) -> None:
            every = {"type": "ECOSYSTEM", "events": [{"introduced": "0"}]}
            affected = {"package": {"ecosystem": "PyPI", "name": package}, "ranges": [every]}
            self._send({"id": identifier, "modified": "2026-01-01T00:00:00Z", "affected": [affected]})

        def _send(self, body: dict[str, Any]) -> None:
            sent = json.dumps(body).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        def log_message(self, *_: object) -> None:
            """Nothing is printed."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()
