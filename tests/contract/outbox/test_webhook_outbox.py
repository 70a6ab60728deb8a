"""Contract tests of the outbox of changes of webhooks (MongoDB), and its atomicity with the change."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from notification_service.webhooks.errors import TooManyWebhooks
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.mongo_outbox import MongoWebhookOutbox
from shared.contracts.webhooks import ChangeWebhook
from shared.messaging.envelope import Envelope
from shared.messaging.outbox import OutboxStore
from shared.mongo import Client, connect, database_of
from shared.settings import Secret
from tests.contract.outbox.suite import LEASE_S, OutboxRig, OutboxSuite, envelope, ids
from tests.support.webhooks import NOON, endpoint

MOST = 3


class WebhookRig:
    """Stores each event with the creation of a webhook of another owner."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self.endpoints = MongoEndpoints(database_of(client))
        self._stored = 0

    async def store(self, envelope: Envelope) -> None:
        self._stored += 1
        await self.endpoints.add(endpoint(f"owner-{self._stored}"), MOST, envelope)

    def opened(self) -> OutboxStore:
        return MongoWebhookOutbox(database_of(self._client))

    async def pending(self) -> list[str]:
        return ids(await self.opened().claim(10, LEASE_S))


@pytest.fixture
async def webhook_rig(mongo_url: str) -> AsyncIterator[WebhookRig]:
    async with connect(Secret(mongo_url)) as client:
        rig = WebhookRig(client)
        await rig.endpoints.prepare()
        await MongoWebhookOutbox(database_of(client)).prepare()
        yield rig


class TestWebhookOutbox(OutboxSuite):
    @pytest.fixture
    def rig(self, webhook_rig: WebhookRig) -> OutboxRig:
        return webhook_rig


async def test_each_change_is_stored_with_its_event(webhook_rig: WebhookRig) -> None:
    made, endpoints = endpoint("ann"), webhook_rig.endpoints
    await endpoints.add(made, MOST, envelope(1))
    other = ChangeWebhook(url="https://other.example")
    assert await endpoints.update("ann", made.id, other, NOON, event=envelope(2))
    assert await endpoints.rotate_secret("ann", made.id, "new", NOON + timedelta(1), event=envelope(3))
    assert await webhook_rig.pending() == ["event-1", "event-2", "event-3"]


async def test_a_change_that_is_not_made_leaves_no_event(webhook_rig: WebhookRig) -> None:
    made, endpoints = endpoint("ann"), webhook_rig.endpoints
    await endpoints.add(made, 1)
    with pytest.raises(TooManyWebhooks):
        await endpoints.add(endpoint("ann"), 1, envelope(1))
    other = ChangeWebhook(url="https://other.example")
    assert await endpoints.update("bob", made.id, other, NOON, event=envelope(2)) is None
    assert await endpoints.rotate_secret("bob", made.id, "new", NOON, event=envelope(3)) is None
    assert await webhook_rig.pending() == []


async def test_an_event_that_cannot_be_stored_undoes_its_change(webhook_rig: WebhookRig) -> None:
    made, endpoints = endpoint("ann"), webhook_rig.endpoints
    await endpoints.add(made, MOST, envelope(1))
    other = ChangeWebhook(url="https://other.example")
    with pytest.raises(Exception, match="store"):
        await endpoints.update("ann", made.id, other, NOON, event=envelope(1))  # its id is taken
    assert await endpoints.get(made.id) == made


async def test_the_event_of_a_webhook_that_was_deleted_at_once_is_published(webhook_rig: WebhookRig) -> None:
    made = endpoint("ann")
    await webhook_rig.endpoints.add(made, MOST, envelope(1))
    await webhook_rig.endpoints.delete("ann", made.id)
    assert await webhook_rig.pending() == ["event-1"]
