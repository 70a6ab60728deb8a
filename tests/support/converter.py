"""The converter's api on a real HTTP server and a real MongoDB, with an in-memory broker."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
from prometheus_client import CollectorRegistry

from converter_service.api import build
from converter_service.settings import ApiSettings
from devstack.ports import free_port
from shared.http import Address, Listeners, serve
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import Database, connect, database_of
from shared.settings import Secret
from tests.support.gateway_tokens import GatewayIssuer
from tests.support.messaging import MemoryBroker
from tests.support.sse import EventReader, event_stream
from tests.support.wait import until

LINK_KEY = Secret("k" * 32)


class ConverterApi:
    """A running api: HTTP calls with the gateway's tokens, and its database."""

    def __init__(
        self,
        port: int,
        issuer: GatewayIssuer,
        database: Database,
        http: aiohttp.ClientSession,
        broker: MemoryBroker,
    ) -> None:
        self.port = port
        self.broker = broker
        self.issuer = issuer
        self.database = database
        self.stop = asyncio.Event()
        self._http = http

    async def call(
        self, method: str, path: str, owner: str | None = "alice", **more: Any
    ) -> aiohttp.ClientResponse:
        headers = {**(self.headers(owner) if owner else {}), **more.pop("headers", {})}
        if isinstance(more.get("data"), bytes):
            more["data"] = BytesIO(more["data"])
        url = path if path.startswith("http") else f"http://127.0.0.1:{self.port}{path}"
        answer = await self._http.request(method, url, headers=headers, **more)
        await answer.read()
        return answer

    def events(
        self, conversion_id: str, last_id: str | None = None, owner: str = "alice"
    ) -> AbstractAsyncContextManager[EventReader]:
        url = f"http://127.0.0.1:{self.port}/v1/conversions/{conversion_id}/events"
        return event_stream(self._http, url, self.headers(owner), last_id)

    async def upload(self, content: object, query: str = "", owner: str = "alice") -> aiohttp.ClientResponse:
        """Uploads `content` as a raw request body."""
        path = f"/v1/conversions{query and '?' + query}"
        return await self.call("POST", path, owner, data=content, headers={"Content-Type": "video/mp4"})

    def headers(self, owner: str = "alice") -> dict[str, str]:
        return {"Authorization": f"Bearer {self.issuer.token(owner)}"}

    async def leftovers(self) -> dict[str, int]:
        """Number of documents in each collection; all zero after a failed upload."""
        names = ("conversions", "fs.chunks", "fs.files")
        return {name: await self.database[name].count_documents({}) for name in names}

    async def nothing_left(self) -> bool:
        return not any((await self.leftovers()).values())


@asynccontextmanager
async def converter_api(
    mongo_url: str, broker: Broker | None = None, **changes: Any
) -> AsyncIterator[ConverterApi]:
    """Runs the api with `changes` to its settings; by default with an in-memory broker."""
    issuer = GatewayIssuer("converter_service")
    async with aiohttp.ClientSession() as http:
        settings = ApiSettings(
            **{
                "mongo_url": Secret(mongo_url),
                "amqp_url": Secret("amqp://unused"),
                "link_key": LINK_KEY,
                "gateway_public_keys": issuer.public_keys,
                "port": free_port(),
                **changes,
            }
        )
        memory, registry = MemoryBroker(SUBSCRIPTIONS), CollectorRegistry()
        app = build(settings, memory if broker is None else broker, registry)
        public, metrics = Address("127.0.0.1", settings.port), Address("127.0.0.1", free_port())
        # No client of a test has a request on its way when the api stops.
        listeners = Listeners(public, metrics, quiet=timedelta(0))
        async with connect(Secret(mongo_url)) as client:
            api = ConverterApi(settings.port, issuer, database_of(client), http, memory)
            task = asyncio.create_task(serve(app, registry, listeners, api.stop))
            try:
                await until(lambda: _answers(api, task), what="the converter's api answers")
                yield api
            finally:
                api.stop.set()
                await task


async def _answers(api: ConverterApi, task: "asyncio.Task[None]") -> bool:
    if task.done():
        task.result()
    try:
        return (await api.call("GET", "/healthz", None)).status == 200
    except aiohttp.ClientError:
        return False
