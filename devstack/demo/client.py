"""Client of the public API, written with the standard library only."""

import contextlib
import http.client
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from email.message import Message
from pathlib import Path
from urllib.parse import quote, urlsplit

from devstack.demo.events import Event, Json, events
from devstack.errors import StackError

TIMEOUT_S = 60.0
CHUNK_BYTES = 256 * 1024
MAX_PAUSE_S = 60.0
TRIES = 5
AGAIN_AFTER_S = 1.0
ENDS = frozenset({"completed", "failed", "cancelled"})


class Client:
    """One account. Signs in again when the access token has expired; honours Retry-After."""

    def __init__(self, url: str) -> None:
        self._address = urlsplit(url).netloc
        self._account: Json = {}
        self._token = ""

    def register(self, email: str, password: str) -> None:
        self._account = {"email": email, "password": password}
        self._call("POST", "/v1/auth/register", 201, self._account)
        self.sign_in()

    def sign_in(self) -> None:
        self._token = self._call("POST", "/v1/auth/login", 200, self._account)["access_token"]

    def upload(self, video: Path, progress: Callable[[float], None]) -> Json:
        """Uploads a file as a raw request body; returns the conversion."""
        size = video.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        # Bytes of the name that are not UTF-8 become replacement characters.
        name = os.fsencode(video.name).decode(errors="replace")
        path = f"/v1/conversions?filename={quote(name, safe='')}"
        connection = self._connection()
        try:
            # The server may refuse the upload early and close the connection; the response has the reason.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.request("POST", path, _pieces(video, size, progress), self._authorized(headers))
            return _understood(connection.getresponse(), 202, "the upload")
        except (OSError, http.client.HTTPException) as error:
            raise StackError(f"the upload broke off: {error}") from error
        finally:
            connection.close()

    def conversion(self, conversion_id: str) -> Json:
        return self._call("GET", f"/v1/conversions/{quote(conversion_id)}", 200)

    def watch(self, conversion_id: str, deadline: float) -> Iterator[Json]:
        """Yields the conversion at each change until it has ended, resuming a broken event stream.

        Raises StackError at `deadline`, a time of the monotonic clock.
        """
        seen = ""
        while time.monotonic() < deadline:
            for event in self._events(f"/v1/conversions/{quote(conversion_id)}/events", seen):
                seen = event.identity
                yield event.data
                if event.name in ENDS:
                    return
            time.sleep(AGAIN_AFTER_S)
        raise StackError("the conversion took too long")

    def _events(self, path: str, seen: str) -> Iterator[Event]:
        """Yields the events of one connection, from the last event id `seen` on."""
        headers = {"Accept": "text/event-stream", **({"Last-Event-ID": seen} if seen else {})}
        connection = self._connection()
        try:
            connection.request("GET", path, headers=self._authorized(headers))
            response = connection.getresponse()
            if response.status == 401:
                self.sign_in()
            elif response.status == 200:
                yield from events(response)
            elif response.status not in {429, 503}:
                _understood(response, 200, "the stream of events")
        except (OSError, http.client.HTTPException):
            return
        finally:
            connection.close()

    def download(self, path: str, file: Path, *, signed_in: bool = True) -> None:
        """Writes a response body to `file`; a signed link needs no token."""
        connection = self._connection()
        try:
            connection.request("GET", path, headers=self._authorized({}) if signed_in else {})
            response = connection.getresponse()
            if response.status != 200:
                _understood(response, 200, "the download")
            with file.open("wb") as stream:
                while piece := response.read(CHUNK_BYTES):
                    stream.write(piece)
        finally:
            connection.close()

    def _call(self, method: str, path: str, expected: int, body: Json | None = None) -> Json:
        for _ in range(TRIES):
            status, headers, answer = self._exchange(method, path, body)
            if status == 429:
                time.sleep(min(float(headers.get("Retry-After", 1)), MAX_PAUSE_S))
            elif status == 401 and body is None:
                self.sign_in()
            else:
                break
        if status != expected:
            raise StackError(f"{method} {path} was answered with {status}: {answer.get('detail', answer)}")
        return answer

    def _exchange(self, method: str, path: str, body: Json | None) -> tuple[int, Message, Json]:
        headers = {"Content-Type": "application/json"} if body is not None else self._authorized({})
        connection = self._connection()
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            response = connection.getresponse()
            return response.status, response.headers, json.loads(response.read() or b"{}")
        finally:
            connection.close()

    def _authorized(self, headers: Mapping[str, str]) -> dict[str, str]:
        return {**headers, "Authorization": f"Bearer {self._token}"}

    def _connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address, timeout=TIMEOUT_S)


def _pieces(file: Path, size: int, progress: Callable[[float], None]) -> Iterator[bytes]:
    sent = 0
    with file.open("rb") as stream:
        while piece := stream.read(CHUNK_BYTES):
            yield piece
            sent += len(piece)
            progress(sent / size)


def _understood(response: http.client.HTTPResponse, expected: int, what: str) -> Json:
    answer: Json = json.loads(response.read() or b"{}")
    if response.status != expected:
        raise StackError(f"{what} was answered with {response.status}: {answer.get('detail', answer)}")
    return answer
