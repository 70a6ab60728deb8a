"""Problem responses from ASGI middleware, outside of any route."""

import msgspec
from litestar.types import Send

from shared.errors import ServiceError
from shared.http.problems import MEDIA_TYPE, describe


async def send_problem(error: ServiceError, send: Send, *, is_head: bool = False) -> None:
    """Sends the complete response (RFC 9457), to a HEAD request without its body (RFC 9110 §9.3.2)."""
    body = msgspec.json.encode(describe(error))
    fields = {"content-type": MEDIA_TYPE, "cache-control": "no-store", **error.headers}
    headers = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": error.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if is_head else body, "more_body": False})
