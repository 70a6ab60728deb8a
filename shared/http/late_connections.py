"""Connections that clients open while the server is about to end: each gets a 503 instead of a reset."""

import asyncio
import contextlib
import re
import secrets
import socket
import ssl
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import TypeAlias

import msgspec

from shared.http.graceful_stop import ShuttingDown
from shared.http.problems import MEDIA_TYPE, describe, phrase
from shared.logs import correlation_id

PIECE_BYTES = 64 * 1024
ANSWER_S = 2.0
# Closing a socket with unread bytes resets the connection; the client may lose the answer (RFC 9112 §9.6).
# Clients that do not read before they have sent the whole body need the longer times.
IDLE_S, LINGER_S = 3.0, 8.0
AT_ONCE_S = 1.0
DISCARDED_BYTES = 1024 * 1024
# RFC 6454 §7: printable ASCII.
ORIGIN = re.compile(rb"(?im)^origin:[ \t]*([\x21-\x7e]+)[ \t]*\r$")
# Pause after a failed accept, for instance when the process has no free descriptor.
RETRY_S = 0.05


ResponseFields: TypeAlias = Callable[[str | None], Mapping[str, str]]
"""Value of the request's field Origin → header fields of its answer."""


def no_fields(_: str | None) -> Mapping[str, str]:
    return {}


class LateLimits(msgspec.Struct, frozen=True):
    """`read` is the number of connections whose request is read before the answer. Those beyond are answered
    at once; the oldest of these are closed when there are more than `at_once`.
    """

    read: int = 256
    at_once: int = 768


@asynccontextmanager
async def answering_late_connections(
    listener: socket.socket | None,
    fields: ResponseFields = no_fields,
    limits: LateLimits | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[None]:
    """Answers connections for the duration of the block, in which the server of the socket ends. `fields` are
    added to the answers; `tls` is the server's context if it speaks TLS.
    """
    if listener is None:
        yield
        return
    late = LateConnections(listener, fields, limits or LateLimits(), tls)
    late.begin()
    try:
        yield
    finally:
        await late.close()


class LateConnections:
    """Accepts from a listening socket once the server has stopped to do so. The kernel completes connections
    before any program accepts them; closing the listener would reset those.
    """

    def __init__(
        self,
        listener: socket.socket,
        fields: ResponseFields,
        limits: LateLimits,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._listener, self._fields = listener, fields
        self._limits, self._tls = limits, tls
        listener.setblocking(False)
        self._answers: set[asyncio.Task[None]] = set()
        self._answered_at_once: deque[socket.socket] = deque()
        self._retry: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Answers new connections until `close`."""
        asyncio.get_running_loop().add_reader(self._listener, self._accept)

    async def close(self) -> None:
        """Takes what is waiting, closes the listener, and waits for the answers."""
        self._accept()
        asyncio.get_running_loop().remove_reader(self._listener)
        if self._retry is not None:
            self._retry.cancel()
        self._listener.close()
        if self._answers:
            await asyncio.wait(self._answers)
        if self._answered_at_once:
            await asyncio.sleep(AT_ONCE_S)
        while self._answered_at_once:
            _discard(self._answered_at_once.popleft())

    def _accept(self) -> None:
        """Takes all that is waiting: an asynchronous accept that is cancelled could lose a connection."""
        try:
            while True:
                self._take(self._listener.accept()[0])
        except BlockingIOError:
            return
        except OSError:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._listener)
            self._retry = loop.call_later(RETRY_S, self.begin)

    def _take(self, accepted: socket.socket) -> None:
        accepted.setblocking(False)
        if len(self._answers) >= self._limits.read + (self._limits.at_once if self._tls else 0):
            self._answer_at_once(accepted)
            return
        task = asyncio.create_task(self._serve(accepted))
        self._answers.add(task)
        task.add_done_callback(self._answers.discard)

    def _answer_at_once(self, accepted: socket.socket) -> None:
        """Answers before the request is read. The client has time to send it and to read the answer until the
        connection is closed. With TLS nothing can be said before the handshake: the connection is closed.
        """
        if self._tls:
            accepted.close()
            return
        with contextlib.suppress(OSError):
            accepted.send(_answer(self._fields(None)))
            accepted.shutdown(socket.SHUT_WR)
        self._answered_at_once.append(accepted)
        if len(self._answered_at_once) > self._limits.at_once:
            _discard(self._answered_at_once.popleft())

    async def _serve(self, accepted: socket.socket) -> None:
        """Reads one request's header, answers, and reads on until the client closes or sends nothing more."""
        with contextlib.suppress(
            OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError
        ):
            reader, writer = await self._streams(accepted)
            try:
                async with asyncio.timeout(ANSWER_S):
                    head = await reader.readuntil(b"\r\n\r\n")
                    writer.write(_answer(self._fields(_origin(head))))
                    if writer.can_write_eof():  # not with TLS
                        writer.write_eof()
                async with asyncio.timeout(LINGER_S):
                    while await asyncio.wait_for(reader.read(PIECE_BYTES), IDLE_S):
                        pass
            finally:
                writer.close()

    async def _streams(self, accepted: socket.socket) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Streams of an accepted connection, after the handshake with TLS."""
        if self._tls is None:
            return await asyncio.open_connection(sock=accepted, limit=PIECE_BYTES)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(PIECE_BYTES, loop)
        protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
        transport, _ = await loop.connect_accepted_socket(
            lambda: protocol, accepted, ssl=self._tls, ssl_handshake_timeout=ANSWER_S
        )
        return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


def _discard(accepted: socket.socket) -> None:
    """Closes a connection after reading what has arrived."""
    with contextlib.suppress(OSError):
        left = DISCARDED_BYTES
        while left > 0 and (piece := accepted.recv(PIECE_BYTES)):
            left -= len(piece)
    accepted.close()


def _origin(head: bytes) -> str | None:
    """The value of the field Origin; None without a well-formed one."""
    found = ORIGIN.search(head)
    return found[1].decode() if found else None


def _answer(added: Mapping[str, str]) -> bytes:
    """The complete response to any request. A client that sent HEAD does not read the body."""
    refusal, identity = ShuttingDown(), secrets.token_hex(16)
    correlation_id.set(identity)
    body = msgspec.json.encode(describe(refusal))
    fields = {"Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "X-Request-ID": identity}
    lines = [f"{name}: {value}" for name, value in {**fields, **refusal.headers, **added}.items()]
    head = "\r\n".join([f"HTTP/1.1 {refusal.status} {phrase(refusal.status)}", *lines, "", ""])
    return head.encode() + body
