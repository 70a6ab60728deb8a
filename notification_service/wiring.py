"""How webhooks are put together: one straight column."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry
from pymongo.asynchronous.database import AsyncDatabase

from notification_service.settings import NotificationSettings
from notification_service.webhooks.dispatcher import Deliverer, Pace
from notification_service.webhooks.handlers import Telling
from notification_service.webhooks.mongo_calls import Document
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.outbound.address_policy import Reachable, networks
from notification_service.webhooks.outbound.http_client import SystemLookup, posting
from notification_service.webhooks.outbound.url_policy import Targets
from notification_service.webhooks.payloads import Payloads
from notification_service.webhooks.secret_cipher import Seal
from notification_service.webhooks.service import Webhooks
from shared.identity.access_tokens import AccessTokens
from shared.identity.public_keys import PublicKeys


class Hooks(msgspec.Struct, frozen=True, kw_only=True):
    """What the process serves, consumes and runs."""

    webhooks: Webhooks
    telling: Telling
    deliverer: Deliverer
    endpoints: MongoEndpoints
    deliveries: MongoDeliveries
    keys: PublicKeys
    tokens: AccessTokens


@asynccontextmanager
async def opened(
    settings: NotificationSettings, database: AsyncDatabase[Document], registry: CollectorRegistry
) -> AsyncIterator[Hooks]:
    """Connects to nothing before it is used."""
    reachable = Reachable(networks(settings.webhook_networks))
    targets = Targets(reachable, http=settings.webhook_http)
    seal, payloads = Seal(settings.webhook_key), Payloads(settings.public_url)
    endpoints, deliveries = MongoEndpoints(database), MongoDeliveries(database, settings.webhook_keep)
    pace = Pace(
        lease=lease_for(settings.webhook_timeout),
        schedule=settings.webhook_schedule,
        at_once=settings.webhook_concurrency,
    )
    async with AsyncExitStack() as stack:
        lookup = stack.enter_context(SystemLookup(settings.webhook_concurrency))
        post = posting(reachable, lookup, settings.webhook_timeout)
        poster = await stack.enter_async_context(post)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        deliverer = Deliverer(
            endpoints=endpoints,
            deliveries=deliveries,
            poster=poster,
            targets=targets,
            seal=seal,
            pace=pace,
            registry=registry,
            now=utc_now,
        )
        webhooks = Webhooks(
            endpoints,
            deliveries,
            targets=targets,
            lookup=lookup,
            seal=seal,
            payloads=payloads,
            most=settings.webhooks_per_account,
            now=utc_now,
            wake=deliverer.wake,
        )
        keys = PublicKeys(http, settings.auth_url)
        yield Hooks(
            webhooks=webhooks,
            telling=Telling(endpoints, deliveries, payloads, utc_now, deliverer.wake),
            deliverer=deliverer,
            endpoints=endpoints,
            deliveries=deliveries,
            keys=keys,
            tokens=AccessTokens(keys, settings.issuer or settings.public_url, settings.audience),
        )


def lease_for(timeout: timedelta) -> timedelta:
    """Outlasts the one attempt that it covers, with room for a slow machine and the record."""
    return timeout * 1.5 + timedelta(seconds=5)


def utc_now() -> datetime:
    """In whole milliseconds, which is what MongoDB keeps."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
