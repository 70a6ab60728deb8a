"""Without its database the api says so within seconds, and says which part is missing."""

import time

from devstack.ports import free_port
from tests.support.converter import converter_api

PATIENCE_S = 10


async def test_without_a_database_every_call_is_told_to_come_back_later() -> None:
    async with converter_api(f"mongodb://127.0.0.1:{free_port()}/nowhere") as api:
        for method, path, body in (
            ("GET", "/v1/conversions", None),
            ("GET", "/v1/conversions/x", None),
            ("DELETE", "/v1/conversions/x", None),
            ("GET", "/v1/conversions/x/audio", None),
            ("POST", "/v1/conversions", b"video"),
        ):
            began = time.monotonic()
            headers = {"Content-Type": "video/mp4"} if body else {}
            answer = await api.call(method, path, data=body, headers=headers)
            assert answer.status == 503, path
            assert (await answer.json(content_type=None))["code"] == "unavailable"
            assert int(answer.headers["Retry-After"]) > 0
            assert time.monotonic() - began < PATIENCE_S


async def test_without_a_database_it_lives_but_is_not_ready() -> None:
    async with converter_api(f"mongodb://127.0.0.1:{free_port()}/nowhere") as api:
        assert (await api.call("GET", "/healthz", None)).status == 200
        answer = await api.call("GET", "/readyz", None)
        assert answer.status == 503
        assert (await answer.json(content_type=None))["checks"]["mongodb"] == "down"
