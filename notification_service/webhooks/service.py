"""Use cases of webhook owners."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from msgspec.structs import replace

from notification_service.webhooks.delivery import Delivery, new_delivery
from notification_service.webhooks.endpoint import OLD_SECRET_KEPT, Endpoint
from notification_service.webhooks.errors import WebhookDisabled
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.payloads import TEST_TYPE, Payloads
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from notification_service.webhooks.test_limit import TestLimit
from shared.clock import utc_now
from shared.contracts.events import WebhookChanged
from shared.contracts.webhooks import (
    ChangeOfWebhooks,
    ChangeWebhook,
    DeliveryStatus,
    MadeWebhook,
    NewWebhook,
)
from shared.errors import InsufficientScope, NotFound
from shared.identity.scopes import READ
from shared.messaging.envelope import Envelope, wrap

T = TypeVar("T")
SOURCE = "/notification_service"


@dataclass(frozen=True, kw_only=True)
class WebhookService:
    """Manages webhooks. Methods with an `endpoint_id` raise NotFound unless `owner_id` owns it.

    Names in URLs are resolved at each attempt only: a refusal of those that lead to private addresses would
    tell which names the internal network has.
    """

    endpoints: Endpoints
    deliveries: Deliveries
    urls: UrlPolicy
    cipher: SecretCipher
    payloads: Payloads
    limit: int
    tests: TestLimit
    wake: Callable[[], None]
    wake_relay: Callable[[], None]

    async def create(
        self, owner_id: str, data: NewWebhook, session_id: str, *, links: bool = True
    ) -> MadeWebhook:
        """`session_id` is the session or API key of the caller; `links` says whether its messages may have
        links to the audio. Raises InvalidWebhookUrl, TooManyWebhooks.
        """
        self.urls.parse(data.url)
        secret = new_secret()
        endpoint = Endpoint(
            id=secrets.token_hex(16),
            owner_id=owner_id,
            url=data.url,
            events=None if data.events is None else tuple(dict.fromkeys(data.events)),
            secret=self.cipher.encrypt(secret),
            created_at=utc_now(),
            session_id=session_id,
            links=links,
        )
        await self.endpoints.add(endpoint, self.limit, _changed(owner_id, "webhook_created"))
        self.wake_relay()
        return endpoint.to_created_schema(secret)

    async def list_by_owner(self, owner_id: str) -> Sequence[Endpoint]:
        return await self.endpoints.list_by_owner(owner_id)

    async def get(self, owner_id: str, endpoint_id: str) -> Endpoint:
        found = await self.endpoints.get(endpoint_id)
        if found is None or found.owner_id != owner_id:
            raise NotFound
        return found

    async def update(
        self, owner_id: str, endpoint_id: str, data: ChangeWebhook, session_id: str, *, links: bool = True
    ) -> Endpoint:
        """`session_id` as in `create`. Raises InvalidWebhookUrl, and InsufficientScope if the caller, who may
        not have `links` to the audio, changes where they are sent.
        """
        found, event = await self.get(owner_id, endpoint_id), None
        if isinstance(data.url, str):
            if found.links and not links:
                raise InsufficientScope(READ)
            self.urls.parse(data.url)
            event = _changed(owner_id, "webhook_changed")
        changed = await self.endpoints.update(
            owner_id, endpoint_id, data, utc_now(), session_id=session_id, event=event
        )
        self.wake_relay()
        return _require(changed)

    async def delete(self, owner_id: str, endpoint_id: str) -> None:
        """Deletes a webhook and its deliveries, including those that are not sent yet."""
        if not await self.endpoints.delete(owner_id, endpoint_id):
            raise NotFound
        await self.deliveries.delete_lane(Lane(owner_id, endpoint_id))

    async def rotate_secret(self, owner_id: str, endpoint_id: str) -> MadeWebhook:
        """Creates a new secret; the old one keeps signing for OLD_SECRET_KEPT."""
        secret, until = new_secret(), utc_now() + OLD_SECRET_KEPT
        encrypted = self.cipher.encrypt(secret)
        event = _changed(owner_id, "webhook_secret_changed")
        rotated = await self.endpoints.rotate_secret(owner_id, endpoint_id, encrypted, until, event=event)
        self.wake_relay()
        return _require(rotated).to_created_schema(secret)

    async def send_test(self, owner_id: str, endpoint_id: str) -> Delivery:
        """Queues a test message. Raises WebhookDisabled, TooManyTests."""
        endpoint, now = await self._get_enabled(owner_id, endpoint_id), utc_now()
        await self.tests.count(endpoint.url)
        payload = self.payloads.encode_test(endpoint_id, now)
        delivery = replace(new_delivery(endpoint, TEST_TYPE, payload, now=now), by_hand=True)
        await self.deliveries.add([delivery])
        self.wake()
        return delivery

    async def list_deliveries(
        self, owner_id: str, endpoint_id: str, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        await self.get(owner_id, endpoint_id)
        return await self.deliveries.list_page(Lane(owner_id, endpoint_id), status, before, limit)

    async def replay(self, owner_id: str, endpoint_id: str, delivery_id: str) -> Delivery:
        """Sends a delivery again with the same message id. Raises WebhookDisabled, TooManyTests."""
        endpoint = await self._get_enabled(owner_id, endpoint_id)
        await self.tests.count(endpoint.url)
        delivery = await self.deliveries.replay(Lane(owner_id, endpoint_id), delivery_id)
        self.wake()
        return _require(delivery)

    async def _get_enabled(self, owner_id: str, endpoint_id: str) -> Endpoint:
        endpoint = await self.get(owner_id, endpoint_id)
        if endpoint.disabled_reason is not None:
            raise WebhookDisabled
        return endpoint


def _changed(owner_id: str, change: ChangeOfWebhooks) -> Envelope:
    """Tells auth_service, which mails the owner."""
    event = WebhookChanged(user_id=owner_id, change=change, changed_at=utc_now())
    return wrap(event, SOURCE, owner_id)


def _require(found: T | None) -> T:
    if found is None:
        raise NotFound
    return found
