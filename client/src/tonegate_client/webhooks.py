"""Calls of webhooks."""

from collections.abc import AsyncGenerator, Sequence
from urllib.parse import quote

from tonegate_client.models import Delivery, DeliveryPage, MadeWebhook, Webhook, WebhookList
from tonegate_client.pagination import items_of
from tonegate_client.transport import Request, Transport, keyed_post

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
        return await self._transport.fetch(keyed_post(PATH, body), MadeWebhook)

    async def change(
        self,
        webhook_id: str,
        *,
        url: str | None = None,
        events: Sequence[str] = (),
        status: str | None = None,
    ) -> Webhook:
        """Changes what is given; `status` is `enabled` or `disabled`. A new URL needs a fresh proof."""
        wanted = {"url": url, "events": list(events) or None, "status": status}
        body = {name: value for name, value in wanted.items() if value is not None}
        return await self._transport.fetch(Request("PATCH", _path(webhook_id), body=body), Webhook)

    async def rotate_secret(self, webhook_id: str) -> MadeWebhook:
        """Creates another signing secret; the earlier one is used as well for a day. Needs a fresh proof."""
        return await self._transport.fetch(keyed_post(f"{_path(webhook_id)}/secret"), MadeWebhook)

    async def delete(self, webhook_id: str) -> None:
        await self._transport.send(Request("DELETE", _path(webhook_id)))

    async def test(self, webhook_id: str) -> Delivery:
        """Sends a test message; the delivery shows whether it arrived."""
        return await self._transport.fetch(keyed_post(f"{_path(webhook_id)}/test"), Delivery)

    def deliveries(
        self, webhook_id: str, *, status: str | None = None, most: int | None = None
    ) -> AsyncGenerator[Delivery, None]:
        """Yields the messages to a webhook, newest first: all or the `most` newest."""

        async def read(limit: int, cursor: str | None) -> DeliveryPage:
            query = {"status": status, "limit": limit, "cursor": cursor}
            request = Request("GET", f"{_path(webhook_id)}/deliveries", query=query)
            return await self._transport.fetch(request, DeliveryPage)

        return items_of(read, most)

    async def replay(self, webhook_id: str, delivery_id: str) -> Delivery:
        """Sends a message again."""
        path = f"{_path(webhook_id)}/deliveries/{quote(delivery_id, safe='')}/replay"
        return await self._transport.fetch(Request("POST", path), Delivery)


def _path(webhook_id: str) -> str:
    return f"{PATH}/{quote(webhook_id, safe='')}"
