"""Web Push from the settings: service and sender, with an HTTP client of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
from prometheus_client import CollectorRegistry

from notification_service.push.mongo_subscriptions import MongoSubscriptions
from notification_service.push.sender import PushSender
from notification_service.push.service import PushService
from notification_service.push.vapid import Vapid
from notification_service.settings import NotificationSettings
from notification_service.webhooks.delivery_record import DeliveryRecorder
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.ports import Resolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.ports import Deliveries
from notification_service.webhooks.retry_policy import DispatchPolicy


class Push(msgspec.Struct, frozen=True, kw_only=True):
    """What the process serves and sends for push subscriptions."""

    service: PushService
    sender: PushSender


@asynccontextmanager
async def open_push(
    settings: NotificationSettings,
    subscriptions: MongoSubscriptions,
    deliveries: Deliveries,
    recorder: DeliveryRecorder,
    *,
    resolver: Resolver,
    policy: DispatchPolicy,
    registry: CollectorRegistry,
) -> AsyncIterator[Push]:
    """Opens the HTTP session; connects to nothing yet."""
    addresses = AddressPolicy(parse_networks(settings.push_networks))
    urls = UrlPolicy(addresses, http=settings.push_http)
    vapid = Vapid(settings.webhook_key, f"mailto:{settings.from_address.addr_spec}")
    async with open_http_client(addresses, resolver, settings.webhook_timeout) as client:
        yield Push(
            service=PushService(subscriptions, deliveries, urls, vapid),
            sender=PushSender(
                subscriptions,
                deliveries,
                recorder,
                client=client,
                urls=urls,
                vapid=vapid,
                policy=policy,
                registry=registry,
            ),
        )
