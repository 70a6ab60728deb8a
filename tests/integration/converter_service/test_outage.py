"""Without its database the api answers 503 within seconds, and its health check names the database."""

import asyncio
import time

from devstack.ports import free_port
from tests.support.converter import converter_api

# The driver's own timeout is 30 s.
PATIENCE_S = 25
CALLS = (
    ("GET", "/v1/conversions", None),
    ("GET", "/v1/conversions/x", None),
    ("DELETE", "/v1/conversions/x", None),
    ("GET", "/v1/conversions/x/audio", None),
    ("POST", "/v1/conversions", b"video"),
)


async def test_without_a_database_every_call_is_503_with_retry_after() -> None:
    async def told(method: str, path: str, body: bytes | None) -> None:
        began = time.monotonic()
        headers = {"Content-Type": "video/mp4"} if body else {}
        answer = await api.call(method, path, data=body, headers=headers)
        assert answer.status == 503, path
        assert (await answer.json(content_type=None))["code"] == "unavailable"
        assert int(answer.headers["Retry-After"]) > 0
        assert time.monotonic() - began < PATIENCE_S

    async with converter_api(f"mongodb://127.0.0.1:{free_port()}/nowhere") as api:
        await asyncio.gather(*(told(*call) for call in CALLS))
        assert (await api.call("GET", "/healthz", None)).status == 200
        answer = await api.call("GET", "/readyz", None)
        assert answer.status == 503
        assert (await answer.json(content_type=None))["checks"]["mongodb"] == "down"
