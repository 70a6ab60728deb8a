"""Webhooks from the settings: service, fan-out and dispatcher, with their resolver and HTTP client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import msgspec
from prometheus_client import CollectorRegistry

from notification_service.composition.push import open_push
from notification_service.mongo_admissions import MongoAdmissions
from notification_service.push.fanout import PushFanout
from notification_service.push.messages import PUSH
from notification_service.push.mongo_subscriptions import MongoSubscriptions
from notification_service.push.service import PushService
from notification_service.settings import NotificationSettings
from notification_service.takeover import Takeover
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.dispatcher import WebhookDispatcher
from notification_service.webhooks.fanout import WebhookFanout
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.mongo_outbox import MongoWebhookOutbox
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.resolver import open_system_resolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.payloads import Payloads
from notification_service.webhooks.ports import Lane, Sender
from notification_service.webhooks.retry_policy import DispatchPolicy
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.sender import WebhookSender
from notification_service.webhooks.service import WebhookService
from notification_service.webhooks.test_limit import TestLimit
from shared.messaging.ports import Publisher
from shared.mongo import Database
from shared.signed_links import LinkSigner


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the process runs and serves for webhooks."""

    service: WebhookService
    fanout: WebhookFanout
    dispatcher: WebhookDispatcher
    push: PushService
    push_fanout: PushFanout


class SenderByType:
    """Sends push messages and webhooks, which wait in one store."""

    def __init__(self, webhooks: Sender, push: Sender) -> None:
        self._webhooks, self._push = webhooks, push

    async def send(self, lane: Lane, delivery: Delivery, claimed_at: float) -> None:
        sender = self._push if delivery.type == PUSH else self._webhooks
        await sender.send(lane, delivery, claimed_at)


class WebhookStores(msgspec.Struct, frozen=True, kw_only=True):
    """Stores of webhooks in MongoDB."""

    endpoints: MongoEndpoints
    outbox: MongoWebhookOutbox
    deliveries: MongoDeliveries
    tests: MongoAdmissions
    subscriptions: MongoSubscriptions


def webhook_stores(settings: NotificationSettings, database: Database, handover: timedelta) -> WebhookStores:
    return WebhookStores(
        endpoints=MongoEndpoints(database),
        outbox=MongoWebhookOutbox(database),
        deliveries=MongoDeliveries(database, settings.webhook_keep, handover),
        tests=MongoAdmissions(database, "webhook_tests"),
        subscriptions=MongoSubscriptions(database),
    )


@asynccontextmanager
async def open_webhooks(
    settings: NotificationSettings,
    stores: WebhookStores,
    *,
    publisher: Publisher,
    wake_relay: Callable[[], None],
    takeover: Takeover,
    stopping: asyncio.Event,
    registry: CollectorRegistry,
) -> AsyncIterator[Webhooks]:
    """Opens the resolver threads and the HTTP session of webhooks; connects to nothing yet."""
    addresses = AddressPolicy(parse_networks(settings.webhook_networks))
    urls = UrlPolicy(addresses, http=settings.webhook_http)
    cipher = SecretCipher(settings.webhook_key)
    payloads = Payloads(settings.public_url, LinkSigner(settings.link_key))
    policy, endpoints, deliveries = _policy(settings), stores.endpoints, stores.deliveries
    recorder = DeliveryRecorder(deliveries, publisher, policy, stopping)
    with open_system_resolver(settings.webhook_concurrency) as resolver:
        async with (
            open_http_client(addresses, resolver, settings.webhook_timeout) as client,
            open_push(
                settings,
                stores.subscriptions,
                deliveries,
                recorder,
                resolver=resolver,
                policy=policy,
                registry=registry,
            ) as push,
        ):
            sender = WebhookSender(
                endpoints,
                deliveries,
                recorder,
                client=client,
                urls=urls,
                cipher=cipher,
                tests=_test_limit(settings, stores),
                policy=policy,
                registry=registry,
            )
            dispatcher = WebhookDispatcher(deliveries, SenderByType(sender, push.sender), policy, takeover)
            wake = dispatcher.wake
            fanout = WebhookFanout(endpoints=endpoints, deliveries=deliveries, payloads=payloads, wake=wake)
            service = _service(
                settings,
                stores,
                urls=urls,
                cipher=cipher,
                payloads=payloads,
                wake=wake,
                wake_relay=wake_relay,
            )
            yield Webhooks(
                service=service,
                fanout=fanout,
                dispatcher=dispatcher,
                push=push.service,
                push_fanout=PushFanout(stores.subscriptions, deliveries, wake),
            )


def _service(
    settings: NotificationSettings,
    stores: WebhookStores,
    *,
    urls: UrlPolicy,
    cipher: SecretCipher,
    payloads: Payloads,
    wake: Callable[[], None],
    wake_relay: Callable[[], None],
) -> WebhookService:
    return WebhookService(
        endpoints=stores.endpoints,
        deliveries=stores.deliveries,
        urls=urls,
        cipher=cipher,
        payloads=payloads,
        limit=settings.webhooks_per_account,
        tests=_test_limit(settings, stores),
        wake=wake,
        wake_relay=wake_relay,
    )


def _test_limit(settings: NotificationSettings, stores: WebhookStores) -> TestLimit:
    return TestLimit(stores.tests, settings.webhook_tests_per_host)


def _policy(settings: NotificationSettings) -> DispatchPolicy:
    # A lease outlasts one attempt and its record, with a margin for a slow machine.
    lease = settings.webhook_timeout * 1.5 + timedelta(seconds=5)
    return DispatchPolicy(
        lease=lease,
        begin_within=lease / 4,
        schedule=settings.webhook_schedule,
        concurrency=settings.webhook_concurrency,
    )
