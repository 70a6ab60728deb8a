"""Use cases of webhook owners."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from notification_service.webhooks.delivery import Delivery, new_delivery
from notification_service.webhooks.endpoint import OLD_SECRET_KEPT, Endpoint, new_id
from notification_service.webhooks.errors import WebhookDisabled
from notification_service.webhooks.outbound.address_policy import parse_address
from notification_service.webhooks.outbound.ports import Resolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.payloads import TEST_TYPE, Payloads
from notification_service.webhooks.ports import Deliveries, EndpointChange, Endpoints, Lane
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from shared.contracts.webhooks import ChangeWebhook, DeliveryStatus, NewWebhook, Reason
from shared.errors import NotFound

T = TypeVar("T")


class CreatedWebhook(msgspec.Struct, frozen=True):
    """An endpoint with its new secret in plain text, which is shown only once."""

    endpoint: Endpoint
    secret: str


class WebhookService:
    """Manages webhooks. Methods with an `endpoint_id` raise NotFound unless `owner_id` owns it."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        *,
        urls: UrlPolicy,
        resolver: Resolver,
        cipher: SecretCipher,
        payloads: Payloads,
        limit: int,
        now: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoints, self._deliveries = endpoints, deliveries
        self._urls, self._resolver = urls, resolver
        self._cipher, self._payloads = cipher, payloads
        self._limit, self._now, self._wake = limit, now, wake

    async def create(self, owner_id: str, data: NewWebhook, session_id: str = "") -> CreatedWebhook:
        """`session_id` is the session or API key of the caller. Raises InvalidWebhookUrl, TooManyWebhooks."""
        await self._check_url(data.url)
        secret = new_secret()
        endpoint = Endpoint(
            id=new_id(),
            owner_id=owner_id,
            url=data.url,
            events=None if data.events is None else tuple(dict.fromkeys(data.events)),
            secret=self._cipher.encrypt(secret),
            created_at=self._now(),
            session_id=session_id,
        )
        await self._endpoints.add(endpoint, self._limit)
        return CreatedWebhook(endpoint, secret)

    async def list_by_owner(self, owner_id: str) -> Sequence[Endpoint]:
        return await self._endpoints.list_by_owner(owner_id)

    async def get(self, owner_id: str, endpoint_id: str) -> Endpoint:
        found = await self._endpoints.get(endpoint_id)
        if found is None or found.owner_id != owner_id:
            raise NotFound
        return found

    async def update(self, owner_id: str, endpoint_id: str, data: ChangeWebhook) -> Endpoint:
        """Raises InvalidWebhookUrl."""
        await self.get(owner_id, endpoint_id)
        if isinstance(data.url, str):
            await self._check_url(data.url)
        change = _endpoint_change(data)
        return _require(await self._endpoints.update(owner_id, endpoint_id, change, self._now()))

    async def delete(self, owner_id: str, endpoint_id: str) -> None:
        """Deletes a webhook and its deliveries, including those that are not sent yet."""
        if not await self._endpoints.delete(owner_id, endpoint_id):
            raise NotFound
        await self._deliveries.delete_lane(Lane(owner_id, endpoint_id))

    async def rotate_secret(self, owner_id: str, endpoint_id: str) -> CreatedWebhook:
        """Creates a new secret; the old one keeps signing for OLD_SECRET_KEPT."""
        secret, until = new_secret(), self._now() + OLD_SECRET_KEPT
        encrypted = self._cipher.encrypt(secret)
        rotated = await self._endpoints.rotate_secret(owner_id, endpoint_id, encrypted, until)
        return CreatedWebhook(_require(rotated), secret)

    async def send_test(self, owner_id: str, endpoint_id: str) -> Delivery:
        """Queues a test message. Raises WebhookDisabled."""
        endpoint, now = await self._get_enabled(owner_id, endpoint_id), self._now()
        payload = self._payloads.encode_test(endpoint_id, now)
        delivery = new_delivery(endpoint, TEST_TYPE, payload, now=now)
        await self._deliveries.add([delivery])
        self._wake()
        return delivery

    async def list_deliveries(
        self, owner_id: str, endpoint_id: str, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        await self.get(owner_id, endpoint_id)
        return await self._deliveries.list_page(Lane(owner_id, endpoint_id), status, before, limit)

    async def replay(self, owner_id: str, endpoint_id: str, delivery_id: str) -> Delivery:
        """Sends a delivery again with the same message id. Raises WebhookDisabled."""
        await self._get_enabled(owner_id, endpoint_id)
        delivery = await self._deliveries.replay(Lane(owner_id, endpoint_id), delivery_id)
        self._wake()
        return _require(delivery)

    async def _get_enabled(self, owner_id: str, endpoint_id: str) -> Endpoint:
        endpoint = await self.get(owner_id, endpoint_id)
        if endpoint.disabled_reason is not None:
            raise WebhookDisabled
        return endpoint

    async def _check_url(self, url: str) -> None:
        """Raises InvalidWebhookUrl. Accepts an unresolvable name: each attempt resolves it again."""
        host = self._urls.parse(url).raw_host or ""
        if parse_address(host) is not None:
            return
        try:
            found = await self._resolver(host)
        except (OSError, TimeoutError):
            return
        self._urls.check_addresses(*found)


def _endpoint_change(data: ChangeWebhook) -> EndpointChange:
    reason: Reason | None = "asked" if data.status == "disabled" else None
    return EndpointChange(
        url=data.url,
        events=tuple(dict.fromkeys(data.events)) if isinstance(data.events, list) else msgspec.UNSET,
        disabled_reason=msgspec.UNSET if data.status is msgspec.UNSET else reason,
    )


def _require(found: T | None) -> T:
    if found is None:
        raise NotFound
    return found
