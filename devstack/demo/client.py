"""A small client of the public API, as anybody could write one with the standard library."""

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
    """One person. Signs in again when the access token has run out, waits when asked to come back later."""

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
        """The raw bytes as they come from the disk; the conversion that answers them."""
        size = video.stat().st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        # A name of bytes that are no UTF-8 is shown with replacement characters.
        name = os.fsencode(video.name).decode(errors="replace")
        path = f"/v1/conversions?filename={quote(name, safe='')}"
        connection = self._connection()
        try:
            # Refused before the end, the connection breaks; the answer says why.
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
        """The conversion whenever something happens to it, up to its end. A stream that breaks off is taken
        up again where it was. Raises StackError at the `deadline` (of the monotonic clock).
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
        """Of one connection."""
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
        """Straight to disk. A signed link needs no token."""
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
