"""gzip (RFC 1952) for the responses of routes that declare it.

No response is compressed by default: the length of a compressed secret beside text that an attacker chose
reveals the secret (BREACH). Routes that return tokens or keys must not declare it, and audio does not shrink.
"""

import zlib
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import header, route_option

COMPRESSIBLE_KEY: Final = "compressible"

compressible: Final[dict[str, Any]] = {COMPRESSIBLE_KEY: True}
"""`opt=compressible`: the route's responses hold no secret, and enough text to be worth compressing."""

MIN_BYTES = 1024
LEVEL = 5
WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class CompressionMiddleware:
    """Compresses chunk by chunk."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        compressor = None

        async def send_compressed(message: Message) -> None:
            nonlocal compressor
            if message["type"] == "http.response.start" and route_option(scope, COMPRESSIBLE_KEY):
                headers = MutableScopeHeaders.from_message(message)
                headers.extend_header_value("vary", "Accept-Encoding")
                if message["status"] == 200 and is_large(headers) and accepts_gzip(scope):
                    compressor = zlib.compressobj(LEVEL, zlib.DEFLATED, WITH_GZIP_HEADER)
                    headers["content-encoding"] = "gzip"
                    del headers["content-length"]
            elif compressor is not None and message["type"] == "http.response.body":
                message["body"] = compressed(compressor, message["body"], more=message["more_body"])
            await send(message)

        await self._app(scope, receive, send_compressed)


def compressed(compressor: "zlib._Compress", content: bytes, *, more: bool) -> bytes:
    chunk = compressor.compress(content)
    return chunk if more else chunk + compressor.flush()


def is_large(headers: MutableScopeHeaders) -> bool:
    length = headers.get("content-length", "")
    return length.isdigit() and int(length) >= MIN_BYTES and "content-encoding" not in headers


def accepts_gzip(scope: Scope) -> bool:
    """RFC 9110 §12.5.3. `*` alone does not count as gzip."""
    for entry in (header(scope, b"accept-encoding") or "").lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
