"""gzip (RFC 1952) for answers whose routes ask for it.

None is compressed by itself: a secret beside text that somebody else chose, compressed together, gives itself
away by its length (BREACH). So never where tokens or keys are answered; and audio would not get smaller.
"""

import zlib
from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from gateway.asgi import header, route_option

COMPRESSIBLE_KEY: Final = "compressible"

compressible: Final[dict[str, Any]] = {COMPRESSIBLE_KEY: True}
"""`opt=compressible`: its answers hold no secret, and text enough to be worth it."""

SMALLEST_BYTES = 1024
LEVEL = 5
WITH_GZIP_HEADER = 16 + zlib.MAX_WBITS


class Compression:
    """ASGI middleware. Pieces are compressed as they come."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or scope["method"] == "HEAD":
            await self._app(scope, receive, send)
            return
        packing = None

        async def answer(message: Message) -> None:
            nonlocal packing
            if message["type"] == "http.response.start" and route_option(scope, COMPRESSIBLE_KEY):
                headers = MutableScopeHeaders.from_message(message)
                headers.extend_header_value("vary", "Accept-Encoding")
                if message["status"] == 200 and is_large(headers) and wants_gzip(scope):
                    packing = zlib.compressobj(LEVEL, zlib.DEFLATED, WITH_GZIP_HEADER)
                    headers["content-encoding"] = "gzip"
                    del headers["content-length"]
            elif packing is not None and message["type"] == "http.response.body":
                message["body"] = packed(packing, message["body"], more=message["more_body"])
            await send(message)

        await self._app(scope, receive, answer)


def packed(packing: "zlib._Compress", content: bytes, *, more: bool) -> bytes:
    done = packing.compress(content)
    return done if more else done + packing.flush()


def is_large(headers: MutableScopeHeaders) -> bool:
    length = headers.get("content-length", "")
    return length.isdigit() and int(length) >= SMALLEST_BYTES and "content-encoding" not in headers


def wants_gzip(scope: Scope) -> bool:
    """RFC 9110 §12.5.3. `*` alone is taken for a client that does not know what it asks for."""
    for entry in (header(scope, b"accept-encoding") or "").lower().split(","):
        coding, _, weight = entry.partition(";")
        if coding.strip() == "gzip":
            return weight.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False
