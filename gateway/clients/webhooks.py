"""Typed calls to notification_service: webhooks."""

from typing import TypeVar

import aiohttp
import msgspec
from yarl import URL

from gateway.clients.auth_calls import WITHIN, decoded, time_limit
from gateway.proxy.path_segments import plain
from gateway.proxy.upstream_errors import read_answer, refusal
from shared.contracts.webhooks import (
    ChangeWebhook,
    Delivery,
    DeliveryPage,
    MadeWebhook,
    NewWebhook,
    Webhook,
    WebhookList,
)
from shared.errors import Unavailable
from shared.logs import correlation_id, get_logger
from shared.settings import Secret

T = TypeVar("T")

WEBHOOKS = ("v1", "webhooks")


class WebhookClient:
    """Every method raises PassedOn for the service's own problems, NotFound for an id that is no plain name,
    and Unavailable, within seconds, when it cannot be reached. `token` is the caller's.
    """

    def __init__(self, session: aiohttp.ClientSession, service: str) -> None:
        self._session, self._origin = session, URL(service).origin()

    async def create(self, token: Secret, asked: NewWebhook) -> MadeWebhook:
        return await self._call(MadeWebhook, "POST", token, body=asked)

    async def all_of(self, token: Secret) -> WebhookList:
        return await self._call(WebhookList, "GET", token)

    async def get(self, token: Secret, webhook_id: str) -> Webhook:
        return await self._call(Webhook, "GET", token, webhook_id)

    async def change(self, token: Secret, webhook_id: str, asked: ChangeWebhook) -> Webhook:
        return await self._call(Webhook, "PATCH", token, webhook_id, body=asked)

    async def remove(self, token: Secret, webhook_id: str) -> None:
        await self._send("DELETE", token, webhook_id)

    async def change_secret(self, token: Secret, webhook_id: str) -> MadeWebhook:
        return await self._call(MadeWebhook, "POST", token, webhook_id, "secret")

    async def test(self, token: Secret, webhook_id: str) -> Delivery:
        return await self._call(Delivery, "POST", token, webhook_id, "test")

    async def deliveries(self, token: Secret, webhook_id: str, query: dict[str, str]) -> DeliveryPage:
        return await self._call(DeliveryPage, "GET", token, webhook_id, "deliveries", query=query)

    async def replay(self, token: Secret, webhook_id: str, delivery_id: str) -> Delivery:
        return await self._call(Delivery, "POST", token, webhook_id, "deliveries", delivery_id, "replay")

    async def _call(
        self,
        answer: type[T],
        method: str,
        token: Secret,
        *path: str,
        body: msgspec.Struct | None = None,
        query: dict[str, str] | None = None,
    ) -> T:
        return decoded(await self._send(method, token, *path, body=body, query=query), answer)

    async def _send(
        self,
        method: str,
        token: Secret,
        *path: str,
        body: msgspec.Struct | None = None,
        query: dict[str, str] | None = None,
    ) -> bytes:
        url = self._origin.with_path("/" + "/".join((*WEBHOOKS, *map(plain, path)))).with_query(query)
        try:
            async with self._session.request(
                method,
                url,
                data=None if body is None else msgspec.json.encode(body),
                headers=_headers(token, has_body=body is not None),
                allow_redirects=False,
                timeout=time_limit(WITHIN),
            ) as response:
                content = await read_answer(response)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            get_logger(__name__).warning("notification_service did not answer", reason=type(error).__name__)
            raise Unavailable("Webhooks cannot be reached right now.") from error
        if response.status >= 300:
            raise refusal(response.status, response.headers, content)
        return content


def _headers(token: Secret, *, has_body: bool) -> dict[str, str]:
    headers = {
        "X-Request-ID": correlation_id.get(),
        "Accept": "application/json",
        "Authorization": f"Bearer {token.reveal()}",
    }
    if has_body:
        headers["Content-Type"] = "application/json"
    return headers
