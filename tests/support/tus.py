"""A real gateway in front of a real converter api, for clients of resumable uploads."""

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from devstack.ports import free_port
from gateway.settings import GatewaySettings
from shared.settings import Secret
from tests.integration.gateway.rig import serving
from tests.integration.gateway.services import AuthServiceStub
from tests.support.converter import ConverterApi, converter_api
from tests.support.messaging import MemoryBroker

OFFSET_TYPE = "application/offset+octet-stream"
UPLOADS = "/v1/uploads"
PAGE = "https://app.example.org"


def metadata(**fields: str) -> str:
    """Encodes fields as the header `Upload-Metadata`."""
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items())


class Front:
    """The gateway's URL; its tokens are `alice`, `bob`, and `reader` with read scope only."""

    def __init__(self, url: str, api: ConverterApi, http: aiohttp.ClientSession) -> None:
        self.url = url
        self.api = api
        self._http = http

    async def call(
        self,
        method: str,
        path: str = UPLOADS,
        *,
        body: object = None,
        owner: str | None = "alice",
        headers: Mapping[str, str | None] | None = None,
        skip_auto_headers: Sequence[str] | None = None,
    ) -> aiohttp.ClientResponse:
        """Sends a tus 1.0.0 request; headers that are None are omitted."""
        given: dict[str, str | None] = {"Tus-Resumable": "1.0.0"}
        if owner:
            given["Authorization"] = f"Bearer {owner}"
        if body is not None:
            given["Content-Type"] = OFFSET_TYPE
        given |= headers or {}
        sent = {name: value for name, value in given.items() if value is not None}
        answer = await self._http.request(
            method, self.url + path, headers=sent, data=body, skip_auto_headers=skip_auto_headers
        )
        await answer.read()
        return answer

    async def begin(self, length: int, **headers: str) -> str:
        """Creates an upload; returns its path."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.call("POST", headers={"Upload-Length": str(length), **named})
        assert answer.status == 201, await answer.text()
        return answer.headers["Location"]

    async def begin_deferred(self, **headers: str) -> str:
        """Creates an upload whose length is sent later; returns its path."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = await self.call("POST", headers={"Upload-Defer-Length": "1", **named})
        assert answer.status == 201, await answer.text()
        return answer.headers["Location"]

    async def append(self, path: str, offset: int, body: object, **headers: str) -> aiohttp.ClientResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.call("PATCH", path, body=body, headers={"Upload-Offset": str(offset), **named})

    async def offset(self, path: str) -> int | None:
        """Returns the offset; None if the upload does not exist."""
        answer = await self.call("HEAD", path)
        assert ("Upload-Offset" in answer.headers) == (answer.status == 200)
        return int(answer.headers["Upload-Offset"]) if answer.status == 200 else None

    async def stored(self, path: str) -> bytes:
        """Returns the bytes that a worker would read."""
        document = await self.api.database["conversions"].find_one({"_id": path.rpartition("/")[2]})
        assert document is not None
        content = b""
        for segment in document["upload"]["segments"]:
            file = await self.api.database["fs.files"].find_one({"_id": segment["blob"]})
            assert file is not None
            chunks = self.api.database["fs.chunks"].find({"files_id": segment["blob"]}).sort("n")
            content += b"".join([chunk["data"] async for chunk in chunks])[: file["length"]]
        return content


@asynccontextmanager
async def front(mongo_url: str, **changes: Any) -> AsyncIterator[Front]:
    """Runs both; `changes` are settings of the converter."""
    async with (
        converter_api(mongo_url, **changes) as api,
        AuthServiceStub() as auth,
        aiohttp.ClientSession() as http,
    ):
        for owner in ("alice", "bob"):
            auth.sign_in(owner, sub=owner)
        auth.sign_in("reader", sub="alice", scope="conversions:read")
        settings = GatewaySettings(
            port=free_port(),
            introspection_secret=Secret("introspection-secret"),
            token_key=api.issuer.key.pem,
            amqp_url=Secret("amqp://unused"),
            auth_url=auth.url,
            converter_url=f"http://127.0.0.1:{api.port}",
            rate_upload="1000/hour",
            rate_default="5000/minute",
            cors_origins=(PAGE,),
        )
        async with serving(settings, MemoryBroker(()), asyncio.Event()) as port:
            yield Front(f"http://127.0.0.1:{port}", api, http)
