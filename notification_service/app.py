"""Composition root of the notification service: builds emails and webhooks and runs them until stopped."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

from litestar import Litestar
from prometheus_client import CollectorRegistry

from notification_service.admissions import Admissions
from notification_service.email.admission import EmailAdmission, RecipientLimits
from notification_service.email.decline_service import DeclineController, DeclineService
from notification_service.email.declines import DeclineTokens
from notification_service.email.handlers import email_handlers
from notification_service.email.links import InvalidLink
from notification_service.email.mongo_declined import MongoDeclined
from notification_service.email.mongo_ledger import MongoLedger
from notification_service.email.retry_policy import RetryPolicy
from notification_service.email.sender import EmailSender
from notification_service.email.smtp import SmtpMailer
from notification_service.email.templates import EmailTemplates
from notification_service.mongo_admissions import MongoAdmissions
from notification_service.settings import NotificationSettings
from notification_service.webhooks.account_deletion import AccountDeletion, account_handlers
from notification_service.webhooks.controller import WebhookController
from notification_service.webhooks.delivery_record import DeliveryRecorder, record_handlers
from notification_service.webhooks.dispatcher import WebhookDispatcher
from notification_service.webhooks.fanout import WebhookFanout, webhook_handlers
from notification_service.webhooks.mongo_deliveries import MongoDeliveries
from notification_service.webhooks.mongo_endpoints import MongoEndpoints
from notification_service.webhooks.mongo_outbox import MongoWebhookOutbox
from notification_service.webhooks.outbound.address_policy import AddressPolicy, parse_networks
from notification_service.webhooks.outbound.http_client import open_http_client
from notification_service.webhooks.outbound.resolver import open_system_resolver
from notification_service.webhooks.outbound.url_policy import UrlPolicy
from notification_service.webhooks.payloads import Payloads
from notification_service.webhooks.retry_policy import DispatchPolicy
from notification_service.webhooks.secret_cipher import SecretCipher
from notification_service.webhooks.sender import WebhookSender
from notification_service.webhooks.service import WebhookService
from notification_service.webhooks.test_limit import TestLimit
from shared.clock import utc_now
from shared.http import Address, Check, Listeners, Wiring, build_application, check_in_turn, serve
from shared.http.auth_guard import public, require_token
from shared.identity.gateway_tokens import gateway_tokens
from shared.messaging.outbox import OutboxRelay
from shared.messaging.ports import Publisher
from shared.messaging.processes import NOTIFICATION
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import (
    NOTIFICATION_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_RECORDS,
    NOTIFICATION_WEBHOOKS,
)
from shared.mongo import connect, database_of
from shared.settings import SettingsError
from shared.signed_links import LinkSigner
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

DEFAULT_DATABASE = "tonegate_notification"
# All calls of the HTTP API are short.
LISTENERS_GRACE = timedelta(seconds=5)
# Readiness is public, and a mail server blocks a client that connects every second without sending.
SMTP_CHECK_CACHED_S = 5.0
QUEUES = (NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS, NOTIFICATION_RECORDS, NOTIFICATION_ACCOUNTS)
# How long the record of an expired lease may take to arrive: a redelivery of five seconds, and its handling.
HANDOVER = timedelta(seconds=10)


async def run(settings: NotificationSettings, stop: asyncio.Event) -> None:
    """Runs until `stop` is set. Raises SettingsError for a malformed address."""
    registry, stopping = CollectorRegistry(), asyncio.Event()
    client = connect(settings.mongo_url, "tonegate-notification")
    database = database_of(client, DEFAULT_DATABASE)
    ledger = MongoLedger(database, settings.ledger_keep, HANDOVER)
    endpoints, outbox = MongoEndpoints(database), MongoWebhookOutbox(database)
    deliveries = MongoDeliveries(database, settings.webhook_keep, HANDOVER)
    # The service works without the indexes, and reports that it is not ready.
    recipients, failures = MongoAdmissions(database, "recipients"), MongoAdmissions(database, "failures")
    tests, declined = MongoAdmissions(database, "webhook_tests"), MongoDeclined(database)
    counters = (each.prepare for each in (recipients, failures, tests))
    preparation = StorePreparation(
        ledger.prepare, endpoints.prepare, outbox.prepare, deliveries.prepare, *counters
    )
    mailer = SmtpMailer(settings.smtp_server, settings.smtp_timeout)
    policy = _email_policy(settings)
    sender = EmailSender(ledger, mailer, settings.from_address, policy, registry, stopping=stopping)
    tokens = DeclineTokens(settings.webhook_key)
    admission = EmailAdmission(recipients, failures, declined, _recipient_limits(settings))
    emails = email_handlers(_email_templates(settings, tokens), sender, admission)
    broker = RabbitMQ(settings.amqp_url.reveal(), "notification", QUEUES, process=NOTIFICATION)
    relay = OutboxRelay(outbox, broker)
    async with (
        client,
        broker,
        _open_webhooks(
            settings,
            endpoints,
            deliveries,
            tests,
            publisher=broker,
            wake_relay=relay.wake,
            stopping=stopping,
            registry=registry,
        ) as (webhooks, fanout, dispatcher),
    ):
        accounts = account_handlers(AccountDeletion(endpoints, deliveries, utc_now))
        handlers = (emails, webhook_handlers(fanout), record_handlers(deliveries), accounts)
        consumers = [broker.consumer(*each) for each in zip(QUEUES, handlers, strict=True)]

        async def finish() -> None:
            stopping.set()
            grace = grace_for(max(settings.smtp_timeout, settings.webhook_timeout))
            stops = (consumer.stop(grace) for consumer in consumers)
            await asyncio.gather(*stops, dispatcher.stop(grace))

        checks = (
            Check("rabbitmq", consumers[0].check),
            Check("mongodb", check_in_turn(ledger.ping, preparation.check)),
            Check("smtp", mailer.ping, critical=False, cached_s=SMTP_CHECK_CACHED_S),
        )
        provide = {"webhooks": webhooks, "declining": DeclineService(tokens, declined, broker)}
        app = _application(settings, provide, checks=checks, drain=finish, registry=registry)
        async with asyncio.TaskGroup() as tasks:
            for each in (*consumers, dispatcher):
                tasks.create_task(each.run())
            background = [tasks.create_task(each.run()) for each in (preparation, sender.pending, relay)]
            await serve(app, registry, _listeners(settings), stop)
            await cancel_all(background)


def grace_for(timeout: timedelta) -> timedelta:
    """Returns how long a stop waits for sends in flight: their timeout, then closing and the record."""
    return timeout + timedelta(seconds=10)


def _application(
    settings: NotificationSettings,
    provide: Mapping[str, object],
    *,
    checks: Sequence[Check],
    drain: Callable[[], Awaitable[None]],
    registry: CollectorRegistry,
) -> Litestar:
    tokens = gateway_tokens(settings.gateway_public_keys, "notification_service")
    return build_application(
        Wiring(
            controllers=[WebhookController, DeclineController],
            provide=provide,
            guards=[require_token(tokens.principal)],
            health_opt=public(),
            checks=checks,
            drains=[drain],
            registry=registry,
        )
    )


@asynccontextmanager
async def _open_webhooks(
    settings: NotificationSettings,
    endpoints: MongoEndpoints,
    deliveries: MongoDeliveries,
    tests: Admissions,
    *,
    publisher: Publisher,
    wake_relay: Callable[[], None],
    stopping: asyncio.Event,
    registry: CollectorRegistry,
) -> AsyncIterator[tuple[WebhookService, WebhookFanout, WebhookDispatcher]]:
    """Opens the resolver threads and the HTTP session of webhooks; connects to nothing yet."""
    addresses = AddressPolicy(parse_networks(settings.webhook_networks))
    urls = UrlPolicy(addresses, http=settings.webhook_http)
    cipher = SecretCipher(settings.webhook_key)
    payloads = Payloads(settings.public_url, LinkSigner(settings.link_key))
    # A lease outlasts one attempt and its record, with a margin for a slow machine.
    lease = settings.webhook_timeout * 1.5 + timedelta(seconds=5)
    policy = DispatchPolicy(
        lease=lease,
        begin_within=lease / 4,
        schedule=settings.webhook_schedule,
        concurrency=settings.webhook_concurrency,
    )
    with open_system_resolver(settings.webhook_concurrency) as resolver:
        async with open_http_client(addresses, resolver, settings.webhook_timeout) as client:
            sender = WebhookSender(
                endpoints,
                deliveries,
                DeliveryRecorder(deliveries, publisher, policy, stopping),
                client=client,
                urls=urls,
                cipher=cipher,
                policy=policy,
                registry=registry,
            )
            dispatcher = WebhookDispatcher(deliveries, sender, policy)
            service = WebhookService(
                endpoints=endpoints,
                deliveries=deliveries,
                urls=urls,
                resolver=resolver,
                cipher=cipher,
                payloads=payloads,
                limit=settings.webhooks_per_account,
                tests=TestLimit(tests, settings.webhook_tests_per_host),
                wake=dispatcher.wake,
                wake_relay=wake_relay,
            )
            fanout = WebhookFanout(
                endpoints=endpoints, deliveries=deliveries, payloads=payloads, wake=dispatcher.wake
            )
            yield service, fanout, dispatcher


def _email_policy(settings: NotificationSettings) -> RetryPolicy:
    # A lease outlasts one attempt, with a margin for a slow machine.
    lease = settings.smtp_timeout * 1.25 + timedelta(seconds=2)
    return RetryPolicy(lease=lease, give_up_after=settings.give_up_after)


def _recipient_limits(settings: NotificationSettings) -> RecipientLimits:
    return RecipientLimits(settings.per_day, settings.unverified_per_day, settings.unverified_total)


def _email_templates(settings: NotificationSettings, tokens: DeclineTokens) -> EmailTemplates:
    try:
        links = LinkSigner(settings.link_key)
        return EmailTemplates(settings.public_url, tokens, links, settings.verify_link, settings.reset_link)
    except InvalidLink:
        raise SettingsError("GATEWAY_PUBLIC_URL: it should look like https://tonegate.example.org") from None


def _listeners(settings: NotificationSettings) -> Listeners:
    return Listeners(
        public=Address(settings.host, settings.port),
        metrics=Address(settings.host, settings.metrics_port),
        certificate=settings.server_certificate(),
        max_requests=256,
        grace=LISTENERS_GRACE,
    )
