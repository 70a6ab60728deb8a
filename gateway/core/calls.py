"""Small calls to one service, over connections that are kept, bounded and given up when it is silent."""

import asyncio
import ssl
from collections.abc import Mapping
from datetime import timedelta
from urllib.parse import urlencode, urlsplit

from gateway.core.exchange import Answer, Exchange, Gone
from gateway.core.sessions import CONNECT_S, KEEPALIVE_S

NO_FIELDS: Mapping[str, str] = {}


class Calls:
    """`service` is an origin; `at_once` bounds the connections."""

    def __init__(self, service: str, at_once: int) -> None:
        origin = urlsplit(service)
        self._host, self._tls = origin.hostname or "", origin.scheme == "https"
        self._port = origin.port or (443 if self._tls else 80)
        self._host_line = f"Host: {origin.netloc.rpartition('@')[2]}\r\n"
        self._places = asyncio.Semaphore(at_once)
        self._idle: list[tuple[float, Exchange]] = []
        self._context = ssl.create_default_context() if self._tls else None

    async def call(
        self,
        method: str,
        path: str,
        within: timedelta,
        *,
        query: Mapping[str, str] = NO_FIELDS,
        headers: Mapping[str, str] = NO_FIELDS,
        body: bytes | None = None,
        changes_nothing: bool = False,
    ) -> Answer:
        """Raises Unreadable for an answer that is none, and OSError, TimeoutError included, without one.

        A kept connection may be closed by the service just as it is used: what changes nothing there is then
        asked once more, over a new one (RFC 9110 §9.2.2). `path` is made of URL characters only; a field
        that would begin another line is refused with ValueError.
        """
        question = self._question(method, path, query, headers, body)
        async with asyncio.timeout(within.total_seconds()), self._places:
            exchange = self._kept()
            if exchange is not None:
                try:
                    return await self._asked(exchange, question)
                except Gone:
                    self.close()  # the others are as old
                    if not changes_nothing:
                        raise
            return await self._asked(await self._connected(), question)

    def close(self) -> None:
        """Connections that nobody uses at the moment."""
        for _, exchange in self._idle:
            exchange.close()
        self._idle.clear()

    async def _asked(self, exchange: Exchange, question: bytes) -> Answer:
        answer = await exchange.ask(question)
        if exchange.is_open:
            self._idle.append((asyncio.get_running_loop().time(), exchange))
        return answer

    def _kept(self) -> Exchange | None:
        """The one used last, so that those which are not needed grow old."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            since, exchange = self._idle.pop()
            if exchange.is_open and now - since < KEEPALIVE_S:
                return exchange
            exchange.close()
        return None

    async def _connected(self) -> Exchange:
        async with asyncio.timeout(CONNECT_S):
            _, exchange = await asyncio.get_running_loop().create_connection(
                Exchange, self._host, self._port, ssl=self._context
            )
        return exchange

    def _question(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        body: bytes | None,
    ) -> bytes:
        target = f"{path}?{urlencode(query)}" if query else path
        lines = [f"{method} {target} HTTP/1.1\r\n", self._host_line]
        lines += [f"{name}: {value}\r\n" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}\r\n")
        head = "".join(lines)
        # Nothing that a client sent may begin a line of its own (RFC 9110 §5.5).
        if head.count("\n") != len(lines) or head.count("\r") != len(lines) or "\0" in head or " " in target:
            raise ValueError("a field of the request does not fit on its line")
        return f"{head}\r\n".encode("latin-1") + (body or b"")
