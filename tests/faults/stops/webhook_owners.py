"""Owners of conversions with a webhook each, stored as notification_service stores them."""

import secrets

from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.signature import new_secret
from shared.clock import utc_now
from shared.contracts.events import WebhookChanged
from shared.messaging.envelope import wrap
from shared.mongo import Database
from shared.settings import Secret


class WebhookOwners:
    """Creates webhooks; `changes` counts their events, which wait in the outbox of notification_service."""

    def __init__(self, database: Database, key: Secret, receiver_url: str) -> None:
        self._endpoints, self._cipher = MongoEndpoints(database), SecretCipher(key)
        self._receiver_url = receiver_url
        self.changes = 0

    async def add(self, owner: str) -> Endpoint:
        """Creates the webhook of one owner."""
        made = Endpoint(
            id=secrets.token_hex(16),
            owner_id=owner,
            url=self._receiver_url,
            secret=self._cipher.encrypt(new_secret()),
            created_at=utc_now(),
        )
        event = WebhookChanged(user_id=owner, change="webhook_created", changed_at=utc_now())
        await self._endpoints.add(made, limit=1, event=wrap(event, "tonegate/stops", owner))
        self.changes += 1
        return made
