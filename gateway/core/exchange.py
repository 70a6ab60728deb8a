"""One kept connection to a service: a small request goes out in one write, its whole answer comes back.

HTTP/1.1 (RFC 9112) as our own services speak it. llhttp (by way of httptools) reads it strictly. Whatever is
not an answer to the question at hand ends the connection: the next question must not get this one's answer.
"""

import asyncio
from typing import cast

import msgspec
from httptools import HttpParserError, HttpResponseParser
from multidict import CIMultiDict

LARGEST_HEADER_BYTES = 64 * 1024
LARGEST_ANSWER_BYTES = 1024 * 1024


class Unreadable(Exception):
    """What came is not HTTP, or not one whole answer, or too long a one."""


class Gone(ConnectionError):
    """The service closed the connection before a single byte of its answer."""


class Answer(msgspec.Struct, frozen=True):
    status: int
    headers: "CIMultiDict[str]"
    body: bytes


class Exchange(asyncio.Protocol):
    """One question at a time. `is_open` tells whether another one may be asked."""

    def __init__(self) -> None:
        self._parser = HttpResponseParser(self)
        self._waiter: asyncio.Future[Answer] | None = None
        self._headers: CIMultiDict[str] = CIMultiDict()
        self._body = bytearray()
        self._received = 0
        self._begun = False
        self.is_open = False

    async def ask(self, question: bytes) -> Answer:
        """Raises Gone, Unreadable and OSError. Whoever stops waiting closes the connection."""
        waiter: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiter = waiter
        self._headers, self._body, self._received, self._begun = CIMultiDict(), bytearray(), 0, False
        self._transport.write(question)
        try:
            return await waiter
        except BaseException:
            self.close()
            raise
        finally:
            self._waiter = None

    def close(self) -> None:
        self.is_open = False
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        if self._waiter is None or self._waiter.done():
            self.close()  # nobody has asked
            return
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, Unreadable) as error:
            self._fail(Unreadable(str(error)))
            return
        if self._received > LARGEST_ANSWER_BYTES + LARGEST_HEADER_BYTES:
            self._fail(Unreadable("too long an answer"))

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self._received:
            self._fail(error or Unreadable("the answer ended early"))
        else:
            self._fail(error if error and not isinstance(error, ConnectionError) else Gone())

    def on_message_begin(self) -> None:
        """Raises Unreadable for a second answer to one question (RFC 9112 §9.2)."""
        if self._begun:
            raise Unreadable("more than one answer")
        self._begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._received > LARGEST_HEADER_BYTES and not self._body:
            raise Unreadable("too large a header")
        self._headers.add(name.decode("latin-1"), value.decode("latin-1"))

    def on_body(self, body: bytes) -> None:
        self._body += body
        if len(self._body) > LARGEST_ANSWER_BYTES:
            raise Unreadable("too long an answer")

    def on_message_complete(self) -> None:
        if not self._parser.should_keep_alive():
            self.close()
        status = self._parser.get_status_code()
        if status < 200:  # never asked for (RFC 9110 §15.2)
            raise Unreadable("an interim answer")
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(Answer(status, self._headers, bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(error)
        self.close()
