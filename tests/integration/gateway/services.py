"""Stub services behind the gateway, on plain sockets, so that they can send malformed HTTP."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

import msgspec
from jose import jwt

from shared.identity.gateway_tokens import ISSUER, Audience
from tests.support.gateway_tokens import gateway_public_keys

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@dataclass
class ReceivedRequest:
    """A request as a stub service received it; `whole` is None until the body has ended."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    body: bytearray = field(default_factory=bytearray)
    received: int = 0
    whole: bool | None = None

    def header(self, name: str) -> str | None:
        return next((value for known, value in self.headers if known == name), None)

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.headers}

    def claims(self, audience: Audience) -> dict[str, Any]:
        """The claims of the gateway's token, which must be valid for this service."""
        scheme, _, token = (self.header("authorization") or "").partition(" ")
        assert scheme == "Bearer"
        verified = jwt.decode(
            token, gateway_public_keys(), algorithms=["ES256"], audience=audience, issuer=ISSUER
        )
        return dict(verified)

    async def read_body(self, keep: bool = True) -> None:
        """Reads the body; sets `whole` to True at its end, to False if the connection broke before."""
        if self.header("expect") == "100-continue":
            self.writer.write(CONTINUE)
        try:
            if self.header("transfer-encoding") == "chunked":
                await self._read_chunked(keep)
            else:
                await self._take(int(self.header("content-length") or 0), keep)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.whole = False
        else:
            self.whole = True

    async def _read_chunked(self, keep: bool) -> None:
        while size := int(await self.reader.readuntil(b"\r\n"), 16):
            await self._take(size, keep)
            await self.reader.readexactly(2)
        await self.reader.readexactly(2)

    async def _take(self, size: int, keep: bool) -> None:
        while size:
            chunk = await self.reader.read(min(size, 65536))
            if not chunk:
                raise asyncio.IncompleteReadError(b"", size)
            size -= len(chunk)
            self.received += len(chunk)
            if keep:
                self.body += chunk

    def answer(self, status: str, body: bytes = b"", **headers: str) -> None:
        self.start(status, **{"content-length": str(len(body)), **headers})
        self.writer.write(body)

    def start(self, status: str, **headers: str) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        self.writer.write(f"HTTP/1.1 {status}\r\n{lines}\r\n".encode())

    def problem(self, status: int, code: str, **headers: str) -> None:
        body = msgspec.json.encode(
            {"type": "about:blank", "title": "x", "status": status, "code": code, "detail": code}
        )
        self.answer(f"{status} X", body, **{"content-type": "application/problem+json", **headers})

    async def wait_closed(self) -> None:
        """Returns when the gateway has closed the connection."""
        try:
            while await self.reader.read(65536):
                pass
        except ConnectionError:
            return


Script = Callable[[ReceivedRequest], Awaitable[None]]


async def accept(seen: ReceivedRequest) -> None:
    await seen.read_body()
    seen.answer(
        "202 Accepted",
        b'{"id":"c1"}',
        **{"content-type": "application/json", "location": "/v1/conversions/c1"},
    )


class ServiceStub:
    """Answers each request by calling `script`; /readyz always returns 200."""

    def __init__(self, script: Script = accept) -> None:
        self.script = script
        self.seen: list[ReceivedRequest] = []
        self._server: asyncio.Server | None = None
        self._running: set[asyncio.Task[Any]] = set()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=65536)

    @property
    def port(self) -> int:
        assert self._server is not None
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        try:
            while not writer.is_closing():
                await self._one(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.rstrip("\r\n").split("\r\n")
        method, target, _ = first.split(" ")
        fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
        seen = ReceivedRequest(method, target, fields, reader, writer)
        if target == "/readyz":
            seen.answer("200 OK")
            return
        self.seen.append(seen)
        await self.script(seen)
        await writer.drain()
        if seen.whole is False:
            writer.close()


class AuthServiceStub(ServiceStub):
    """Stub of auth_service; `tokens` maps each valid token to its introspection response."""

    def __init__(self) -> None:
        super().__init__(self._route)
        self.tokens: dict[str, dict[str, Any]] = {}
        self.hold: asyncio.Event | None = None

    def sign_in(self, token: str, **changes: Any) -> str:
        self.tokens[token] = {
            "active": True,
            "sub": "u1",
            "sid": "s1",
            "email": "a@example.com",
            "roles": ["user"],
            "exp": 4_000_000_000,
            **changes,
        }
        return token

    def introspected(self, token: str) -> int:
        return sum(f"token={token}&".encode() in bytes(seen.body) for seen in self.seen)

    async def _route(self, seen: ReceivedRequest) -> None:
        await seen.read_body()
        response = {"active": False}
        if seen.target == "/internal/introspect":
            token = seen.body.decode().partition("token=")[2].partition("&")[0]
            response = self.tokens.get(token, response)
        if self.hold is not None:
            await self.hold.wait()
        seen.answer("200 OK", msgspec.json.encode(response), **{"content-type": "application/json"})
