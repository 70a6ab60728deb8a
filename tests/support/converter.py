"""The converter's api on a real HTTP server and a real MongoDB, with an in-memory broker."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from io import BytesIO
from typing import Any

import aiohttp
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jose import jwk, jwt
from prometheus_client import CollectorRegistry

from converter_service.api import build
from converter_service.settings import ApiSettings
from devstack.ports import free_port
from shared.http import Address, Listeners, serve
from shared.messaging.ports import Broker
from shared.messaging.subscriptions import SUBSCRIPTIONS
from shared.mongo import Database, connect, database_of
from shared.settings import Secret
from tests.support.messaging import MemoryBroker
from tests.support.sse import EventReader, event_stream
from tests.support.wait import until

ISSUER = "http://gateway.test"
LINK_KEY = Secret("k" * 32)


class Issuer:
    """Stand-in for auth_service: signs access tokens and serves the JWKS."""

    def __init__(self) -> None:
        self._private: dict[str, str] = {}
        self.url = ""
        self.asked = 0
        self.down = False
        self.in_pieces = False
        self.rotate("key-1")

    def rotate(self, key_id: str) -> None:
        """Signs further tokens with a new key; the JWKS still has the old ones."""
        key = ec.generate_private_key(ec.SECP256R1())
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        self._private[key_id] = pem.decode()
        self._newest = key_id

    def token(self, owner: str = "alice", *, typ: str = "at+jwt", **changes: object) -> str:
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": "tonegate",
            "sub": owner,
            "email": f"{owner}@example.org",
            "iat": now,
            "exp": now + 600,
            **changes,
        }
        headers = {"kid": self._newest, "typ": typ}
        present = {name: value for name, value in claims.items() if value is not None}
        return str(jwt.encode(present, self._private[self._newest], algorithm="ES256", headers=headers))

    async def _keys(self, request: web.Request) -> web.StreamResponse:
        self.asked += 1
        if self.down:
            raise web.HTTPServiceUnavailable
        public = {
            key_id: jwk.construct(pem, "ES256").public_key().to_dict()
            for key_id, pem in self._private.items()
        }
        keys = {"keys": [{**key, "kid": key_id} for key_id, key in public.items()]}
        return await self._slowly(request, keys) if self.in_pieces else web.json_response(keys)

    async def _slowly(self, request: web.Request, content: object) -> web.StreamResponse:
        """Sends the body in pieces of 50 bytes with pauses."""
        answer, body = web.StreamResponse(), json.dumps(content).encode()
        await answer.prepare(request)
        for start in range(0, len(body), 50):
            await answer.write(body[start : start + 50])
            await asyncio.sleep(0.02)
        return answer

    @asynccontextmanager
    async def serving(self) -> AsyncIterator["Issuer"]:
        app = web.Application()
        app.router.add_get("/.well-known/jwks.json", self._keys)
        runner = web.AppRunner(app)
        await runner.setup()
        port = free_port()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()


class ConverterApi:
    """A running api: HTTP calls with tokens of the issuer, and its database."""

    def __init__(
        self,
        port: int,
        issuer: Issuer,
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
    async with Issuer().serving() as issuer, aiohttp.ClientSession() as http:
        settings = ApiSettings(
            **{
                "mongo_url": Secret(mongo_url),
                "amqp_url": Secret("amqp://unused"),
                "link_key": LINK_KEY,
                "auth_url": issuer.url,
                "issuer": ISSUER,
                "port": free_port(),
                **changes,
            }
        )
        memory, registry = MemoryBroker(SUBSCRIPTIONS), CollectorRegistry()
        app = build(settings, memory if broker is None else broker, registry, http)
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
