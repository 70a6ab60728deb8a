"""Use cases of the browsers that subscribe."""

from collections.abc import Sequence
from dataclasses import dataclass

from notification_service.push.encryption import BrowserKeys, InvalidPushKeys
from notification_service.push.ports import Subscriptions
from notification_service.push.subscription import Subscription, subscription_id
from notification_service.push.vapid import Vapid
from notification_service.webhooks.outbound.url_policy import InvalidWebhookUrl, UrlPolicy
from notification_service.webhooks.ports import Deliveries, Lane
from shared.clock import utc_now
from shared.contracts.push import NewPushSubscription
from shared.errors import FieldError, InvalidRequest, NotFound

# Browsers of one account; those that have been forgotten are the oldest.
PER_ACCOUNT = 20


class InvalidPushSubscription(InvalidRequest):
    """The problem names the invalid member."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__("The push subscription is not valid.", errors=[FieldError(field, message)])


@dataclass(frozen=True)
class PushService:
    subscriptions: Subscriptions
    deliveries: Deliveries
    urls: UrlPolicy
    vapid: Vapid

    async def subscribe(self, owner_id: str, session_id: str, data: NewPushSubscription) -> Subscription:
        """Idempotent. Raises InvalidPushSubscription, Unavailable."""
        self._check(data)
        subscription = Subscription(
            id=subscription_id(data.endpoint),
            owner_id=owner_id,
            session_id=session_id,
            endpoint=data.endpoint,
            p256dh=data.keys.p256dh,
            auth=data.keys.auth,
            created_at=utc_now(),
        )
        await self.subscriptions.put(subscription, PER_ACCOUNT)
        return subscription

    async def list_by_owner(self, owner_id: str) -> Sequence[Subscription]:
        return await self.subscriptions.list_by_owner(owner_id)

    async def unsubscribe(self, owner_id: str, wanted: str) -> None:
        """Raises NotFound unless the owner has it."""
        if not await self.subscriptions.delete(owner_id, wanted):
            raise NotFound
        await self.deliveries.delete_lane(Lane(owner_id, wanted))

    def _check(self, data: NewPushSubscription) -> None:
        try:
            self.urls.parse(data.endpoint)
        except InvalidWebhookUrl as invalid:
            raise InvalidPushSubscription("endpoint", invalid.errors[0].message) from None
        try:
            BrowserKeys(data.keys.p256dh, data.keys.auth)
        except InvalidPushKeys as invalid:
            raise InvalidPushSubscription("keys", f"is {invalid}") from None
