"""What an owner does with webhooks."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

import msgspec

from notification_service.webhooks.delivery import Delivery, new_delivery
from notification_service.webhooks.endpoint import OLD_SECRET_SIGNS, Endpoint, new_id
from notification_service.webhooks.outbound.address_policy import address_in
from notification_service.webhooks.outbound.url_policy import Targets
from notification_service.webhooks.payloads import TEST, Payloads
from notification_service.webhooks.ports import (
    Deliveries,
    EndpointChange,
    Endpoints,
    Lane,
    Lookup,
)
from notification_service.webhooks.secret_cipher import Seal
from notification_service.webhooks.signature import new_secret
from shared.contracts.webhooks import ChangeWebhook, NewWebhook, Reason, Status
from shared.errors import Conflict, NotFound


class Disabled(Conflict):
    title = "The webhook is disabled."


class Made(msgspec.Struct, frozen=True):
    """An endpoint with the secret that is shown this once."""

    endpoint: Endpoint
    secret: str


T = TypeVar("T")


class Webhooks:
    """Every call that names one raises NotFound when it is not its owner's."""

    def __init__(
        self,
        endpoints: Endpoints,
        deliveries: Deliveries,
        *,
        targets: Targets,
        lookup: Lookup,
        seal: Seal,
        payloads: Payloads,
        most: int,
        now: Callable[[], datetime],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoints, self._deliveries = endpoints, deliveries
        self._targets, self._lookup = targets, lookup
        self._seal, self._payloads = seal, payloads
        self._most, self._now, self._wake = most, now, wake

    async def create(self, owner_id: str, asked: NewWebhook, session_id: str = "") -> Made:
        """`session_id` is what the caller has signed in with. Raises BadTarget, TooManyWebhooks."""
        await self._check(asked.url)
        secret = new_secret()
        endpoint = Endpoint(
            id=new_id(),
            owner_id=owner_id,
            url=asked.url,
            events=None if asked.events is None else tuple(dict.fromkeys(asked.events)),
            secret=self._seal.close(secret),
            created_at=self._now(),
            session_id=session_id,
        )
        await self._endpoints.add(endpoint, self._most)
        return Made(endpoint, secret)

    async def all_of(self, owner_id: str) -> Sequence[Endpoint]:
        return await self._endpoints.of(owner_id)

    async def get(self, owner_id: str, endpoint_id: str) -> Endpoint:
        found = await self._endpoints.get(endpoint_id)
        if found is None or found.owner_id != owner_id:
            raise NotFound
        return found

    async def change(self, owner_id: str, endpoint_id: str, asked: ChangeWebhook) -> Endpoint:
        """Raises BadTarget."""
        await self.get(owner_id, endpoint_id)
        if isinstance(asked.url, str):
            await self._check(asked.url)
        changed = await self._endpoints.change(owner_id, endpoint_id, _change(asked), self._now())
        return _there(changed)

    async def remove(self, owner_id: str, endpoint_id: str) -> None:
        """Messages that are not sent yet will not be."""
        if not await self._endpoints.remove(owner_id, endpoint_id):
            raise NotFound
        await self._deliveries.remove(Lane(owner_id, endpoint_id))

    async def change_secret(self, owner_id: str, endpoint_id: str) -> Made:
        """Both sign for a day."""
        secret, until = new_secret(), self._now() + OLD_SECRET_SIGNS
        changed = await self._endpoints.change_secret(owner_id, endpoint_id, self._seal.close(secret), until)
        return Made(_there(changed), secret)

    async def test(self, owner_id: str, endpoint_id: str) -> Delivery:
        """Sends a message that is about nothing. Raises Disabled."""
        endpoint, now = await self._enabled(owner_id, endpoint_id), self._now()
        delivery = new_delivery(endpoint, TEST, self._payloads.test(endpoint_id, now), now=now)
        await self._deliveries.add([delivery])
        self._wake()
        return delivery

    async def log(
        self, owner_id: str, endpoint_id: str, status: Status | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        await self.get(owner_id, endpoint_id)
        return await self._deliveries.page(Lane(owner_id, endpoint_id), status, before, limit)

    async def replay(self, owner_id: str, endpoint_id: str, delivery_id: str) -> Delivery:
        """The same message again, with the same id. Raises Disabled."""
        await self._enabled(owner_id, endpoint_id)
        delivery = await self._deliveries.replay(Lane(owner_id, endpoint_id), delivery_id)
        self._wake()
        return _there(delivery)

    async def _enabled(self, owner_id: str, endpoint_id: str) -> Endpoint:
        endpoint = await self.get(owner_id, endpoint_id)
        if endpoint.disabled_reason is not None:
            raise Disabled
        return endpoint

    async def _check(self, url: str) -> None:
        """A name that leads nowhere at the moment is taken: it is looked up anew at each attempt."""
        host = self._targets.checked(url).raw_host or ""
        if address_in(host) is not None:
            return
        try:
            found = await self._lookup(host)
        except (OSError, TimeoutError):
            return
        self._targets.check(*found)


def _change(asked: ChangeWebhook) -> EndpointChange:
    reason: Reason | None = "asked" if asked.status == "disabled" else None
    return EndpointChange(
        url=asked.url,
        events=tuple(dict.fromkeys(asked.events)) if isinstance(asked.events, list) else msgspec.UNSET,
        disabled_reason=msgspec.UNSET if asked.status is msgspec.UNSET else reason,
    )


def _there(found: T | None) -> T:
    if found is None:
        raise NotFound
    return found
