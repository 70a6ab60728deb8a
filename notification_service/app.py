"""Composition root of the notification service: builds emails and webhooks and runs them until stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import aiohttp
import msgspec
from prometheus_client import CollectorRegistry

from notification_service.email import retry_policy as email_retry_policy
from notification_service.email.errors import LedgerUnavailable
from notification_service.email.handlers import EmailHandler, email_handlers
from notification_service.email.links import InvalidLink
from notification_service.email.mongo_ledger import MongoLedger
from notification_service.email.sender import EmailSender
from notification_service.email.smtp import SmtpMailer
from notification_service.email.templates import EmailTemplates
from notification_service.settings import NotificationSettings
from notification_service.webhooks import retry_policy as webhook_retry_policy
from notification_service.webhooks.account_deletion import AccountDeletion
from notification_service.webhooks.controller import WebhookController
from notification_service.webhooks.dispatcher import WebhookDispatcher
from notification_service.webhooks.fanout import WebhookFanout
from notification_service.webhooks.handlers import account_handlers, webhook_handlers
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.resolver import SystemResolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.payloads import Payloads
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.sender import WebhookSender
from notification_service.webhooks.service import WebhookService
from shared.clock import utc_now
from shared.errors import Unavailable
from shared.http import Address, Check, Listeners, Wiring, build_application, check_in_turn, serve
from shared.http.auth_guard import public, require_token
from shared.identity.access_tokens import AccessTokens
from shared.identity.public_keys import PublicKeys
from shared.messaging.handlers import Handlers
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS, NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS
from shared.mongo import Database, connect, database_of
from shared.settings import SettingsError
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

DEFAULT_DATABASE = "tonegate_notification"
# All calls of the HTTP API are short.
LISTENERS_GRACE = timedelta(seconds=5)
# Readiness is public, and a mail server blocks a client that connects every second without sending.
SMTP_CHECK_CACHED_S = 5.0
QUEUES = (NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS, NOTIFICATION_ACCOUNTS)


class EmailParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the process runs, consumes and checks for emails."""

    ledger: MongoLedger
    mailer: SmtpMailer
    sender: EmailSender
    handlers: Handlers


class WebhookParts(msgspec.Struct, frozen=True, kw_only=True):
    """What the process serves, runs, consumes and checks for webhooks."""

    service: WebhookService
    fanout: WebhookFanout
    deletion: AccountDeletion
    dispatcher: WebhookDispatcher
    endpoints: MongoEndpoints
    deliveries: MongoDeliveries
    keys: PublicKeys
    tokens: AccessTokens


async def run(settings: NotificationSettings, stop: asyncio.Event) -> None:
    """Runs until `stop` is set. Raises SettingsError for a malformed address."""
    registry = CollectorRegistry()
    client = connect(settings.mongo_url, "tonegate-notification")
    database = database_of(client, DEFAULT_DATABASE)
    email = _build_email(settings, database, registry)
    broker = RabbitMQ(settings.amqp_url.reveal(), "notification", QUEUES)
    async with client, broker, _open_webhooks(settings, database, registry) as webhooks:
        consumers = (
            broker.consumer(NOTIFICATION_MAIL, email.handlers),
            broker.consumer(NOTIFICATION_WEBHOOKS, webhook_handlers(webhooks.fanout)),
            broker.consumer(NOTIFICATION_ACCOUNTS, account_handlers(webhooks.deletion)),
        )
        # The service works without the indexes, and reports that it is not ready.
        email_indexes = StorePreparation(email.ledger.prepare, away=LedgerUnavailable)
        webhook_indexes = StorePreparation(
            webhooks.endpoints.prepare, webhooks.deliveries.prepare, away=Unavailable
        )
        grace = grace_for(max(settings.smtp_timeout, settings.webhook_timeout))

        async def finish() -> None:
            stops = (consumer.stop(grace) for consumer in consumers)
            await asyncio.gather(*stops, webhooks.dispatcher.stop(grace))

        app = build_application(
            Wiring(
                controllers=[WebhookController],
                provide={"webhooks": webhooks.service},
                guards=[require_token(webhooks.tokens.principal)],
                health_opt=public(),
                checks=(
                    Check("rabbitmq", consumers[0].check),
                    Check(
                        "mongodb",
                        check_in_turn(email.ledger.ping, email_indexes.check, webhook_indexes.check),
                    ),
                    Check("smtp", email.mailer.ping, critical=False, cached_s=SMTP_CHECK_CACHED_S),
                    Check("auth_service", webhooks.keys.check, critical=False),
                ),
                drains=[finish],
                registry=registry,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            for consumer in consumers:
                tasks.create_task(consumer.run())
            tasks.create_task(webhooks.dispatcher.run())
            background = [
                tasks.create_task(each.run()) for each in (email_indexes, webhook_indexes, email.sender)
            ]
            await serve(app, registry, _listeners(settings), stop)
            await cancel_all(background)


def grace_for(timeout: timedelta) -> timedelta:
    """Returns how long a stop waits for sends in flight: their timeout, then closing and the record."""
    return timeout + timedelta(seconds=10)


def _build_email(
    settings: NotificationSettings, database: Database, registry: CollectorRegistry
) -> EmailParts:
    ledger = MongoLedger(database, settings.ledger_keep)
    mailer = SmtpMailer(settings.smtp_server, settings.smtp_timeout)
    policy = email_retry_policy.RetryPolicy(
        lease=email_retry_policy.lease_for(settings.smtp_timeout), give_up_after=settings.give_up_after
    )
    sender = EmailSender(ledger, mailer, settings.from_address, policy, registry)
    handlers = email_handlers(EmailHandler(_email_templates(settings), sender))
    return EmailParts(ledger=ledger, mailer=mailer, sender=sender, handlers=handlers)


@asynccontextmanager
async def _open_webhooks(
    settings: NotificationSettings, database: Database, registry: CollectorRegistry
) -> AsyncIterator[WebhookParts]:
    """Opens the resolver threads and HTTP sessions of webhooks; connects to nothing yet."""
    addresses = AddressPolicy(parse_networks(settings.webhook_networks))
    urls = UrlPolicy(addresses, http=settings.webhook_http)
    cipher, payloads = SecretCipher(settings.webhook_key), Payloads(settings.public_url)
    endpoints, deliveries = MongoEndpoints(database), MongoDeliveries(database, settings.webhook_keep)
    policy = webhook_retry_policy.DispatchPolicy(
        lease=webhook_retry_policy.lease_for(settings.webhook_timeout),
        schedule=settings.webhook_schedule,
        concurrency=settings.webhook_concurrency,
    )
    async with AsyncExitStack() as stack:
        resolver = stack.enter_context(SystemResolver(settings.webhook_concurrency))
        opening = open_http_client(addresses, resolver, settings.webhook_timeout)
        client = await stack.enter_async_context(opening)
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sender = WebhookSender(
            endpoints,
            deliveries,
            client=client,
            urls=urls,
            cipher=cipher,
            policy=policy,
            registry=registry,
            now=utc_now,
        )
        dispatcher = WebhookDispatcher(deliveries, sender, policy)
        service = WebhookService(
            endpoints,
            deliveries,
            urls=urls,
            resolver=resolver,
            cipher=cipher,
            payloads=payloads,
            limit=settings.webhooks_per_account,
            now=utc_now,
            wake=dispatcher.wake,
        )
        keys = PublicKeys(http, settings.auth_url)
        yield WebhookParts(
            service=service,
            fanout=WebhookFanout(endpoints, deliveries, payloads, utc_now, dispatcher.wake),
            deletion=AccountDeletion(endpoints, deliveries, utc_now),
            dispatcher=dispatcher,
            endpoints=endpoints,
            deliveries=deliveries,
            keys=keys,
            tokens=AccessTokens(keys, settings.issuer or settings.public_url, settings.audience),
        )


def _email_templates(settings: NotificationSettings) -> EmailTemplates:
    try:
        return EmailTemplates(settings.public_url, settings.verify_link, settings.reset_link)
    except InvalidLink:
        raise SettingsError("GATEWAY_PUBLIC_URL: it should look like https://tonegate.example.org") from None


def _listeners(settings: NotificationSettings) -> Listeners:
    return Listeners(
        public=Address(settings.host, settings.port),
        metrics=Address(settings.host, settings.metrics_port),
        max_requests=256,
        grace=LISTENERS_GRACE,
    )
