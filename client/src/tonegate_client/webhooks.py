"""Calls of webhooks."""

import uuid
from collections.abc import Sequence
from urllib.parse import quote

from tonegate_client.models import Delivery, MadeWebhook, Webhook, WebhookList
from tonegate_client.transport import IDEMPOTENCY_KEY, Request, Transport

PATH = "v1/webhooks"


class Webhooks:
    """Each call raises Problem, ServerUnreachable, NotSignedIn."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def list(self) -> list[Webhook]:
        return (await self._transport.fetch(Request("GET", PATH), WebhookList)).items

    async def get(self, webhook_id: str) -> Webhook:
        return await self._transport.fetch(Request("GET", _path(webhook_id)), Webhook)

    async def create(self, url: str, *, events: Sequence[str] = ()) -> MadeWebhook:
        """Creates a webhook, by default for all events. Needs a fresh proof."""
        body = {"url": url, **({"events": list(events)} if events else {})}
        return await self._transport.fetch(_keyed(PATH, body), MadeWebhook)

    async def delete(self, webhook_id: str) -> None:
        await self._transport.send(Request("DELETE", _path(webhook_id)))

    async def test(self, webhook_id: str) -> Delivery:
        """Sends a test message; the delivery shows whether it arrived."""
        return await self._transport.fetch(_keyed(f"{_path(webhook_id)}/test"), Delivery)


def _path(webhook_id: str) -> str:
    return f"{PATH}/{quote(webhook_id, safe='')}"


def _keyed(path: str, body: object = None) -> Request:
    return Request("POST", path, body=body, headers={IDEMPOTENCY_KEY: str(uuid.uuid4())})
