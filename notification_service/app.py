"""Composition root of the notification service: builds emails and webhooks and runs them until stopped."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Protocol

from litestar import Litestar
from prometheus_client import CollectorRegistry

from notification_service.account_ends import account_handlers
from notification_service.composition.emails import EmailStores, build_emails, email_stores
from notification_service.composition.webhooks import WebhookStores, open_webhooks, webhook_stores
from notification_service.conversion_ends import end_handlers
from notification_service.email.decline_service import DeclineController
from notification_service.email.smtp import SmtpMailer
from notification_service.push.controller import PushController
from notification_service.push.session_end import SubscriptionEnd
from notification_service.record_consumer import RecordConsumer
from notification_service.records import record_handlers
from notification_service.settings import NotificationSettings
from notification_service.takeover import TakeoverByRecords
from notification_service.webhooks.account_deletion import AccountDeletion
from notification_service.webhooks.controller import WebhookController
from shared.clock import utc_now
from shared.http import Address, Check, Listeners, Wiring, build_application, check_in_turn, serve
from shared.http.auth_guard import public, require_token
from shared.identity.gateway_tokens import gateway_tokens
from shared.messaging.outbox import OutboxRelay
from shared.messaging.outbox_metrics import outbox_sample
from shared.messaging.processes import NOTIFICATION
from shared.messaging.rabbitmq.broker import RabbitMQ
from shared.messaging.subscriptions import (
    NOTIFICATION_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_RECORDS,
    NOTIFICATION_WEBHOOKS,
)
from shared.metrics import Sampler, process_registry
from shared.mongo import connect, database_of
from shared.store_preparation import StorePreparation
from shared.tasks import cancel_all

DEFAULT_DATABASE = "tonegate_notification"
# All calls of the HTTP API are short.
LISTENERS_GRACE = timedelta(seconds=5)
# Readiness is public, and a mail server blocks a client that connects every second without sending.
SMTP_CHECK_CACHED_S = 5.0
QUEUES = (NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS, NOTIFICATION_RECORDS, NOTIFICATION_ACCOUNTS)
# A redelivery of five seconds, and its handling.
HANDOVER = timedelta(seconds=10)


class Runner(Protocol):
    """A background task."""

    async def run(self) -> None: ...


async def run(settings: NotificationSettings, stop: asyncio.Event, handover: timedelta = HANDOVER) -> None:
    """Runs until `stop` is set. Raises SettingsError for a malformed address.

    `handover` is how long the record of an expired lease may take to arrive.
    """
    registry, stopping = process_registry(), asyncio.Event()
    client = connect(settings.mongo_url, "tonegate-notification", registry)
    database = database_of(client, DEFAULT_DATABASE)
    mails, hooks = email_stores(settings, database, handover), webhook_stores(settings, database, handover)
    preparation = _preparation(mails, hooks)
    mailer = SmtpMailer(settings.smtp_server, settings.smtp_timeout)
    url = settings.amqp_url.reveal()
    broker = RabbitMQ(url, "notification", QUEUES, process=NOTIFICATION, registry=registry)
    relay = OutboxRelay(hooks.outbox, broker)
    sampler = Sampler([outbox_sample(hooks.outbox, registry)], registry)
    records = RecordConsumer(broker, record_handlers(mails.ledger, hooks.deliveries), mails.ledger.ping)
    takeover = TakeoverByRecords(records, handover)
    emails = build_emails(
        settings, mails, mailer, publisher=broker, takeover=takeover, stopping=stopping, registry=registry
    )
    async with (
        client,
        broker,
        open_webhooks(
            settings,
            hooks,
            publisher=broker,
            wake_relay=relay.wake,
            takeover=takeover,
            stopping=stopping,
            registry=registry,
        ) as webhooks,
    ):
        deletion = AccountDeletion(hooks.endpoints, hooks.deliveries, utc_now)
        accounts = account_handlers(deletion, SubscriptionEnd(hooks.subscriptions))
        mail = broker.consumer(NOTIFICATION_MAIL, emails.handlers)
        consumers = (
            records,
            mail,
            broker.consumer(NOTIFICATION_WEBHOOKS, end_handlers(webhooks.fanout, webhooks.push_fanout)),
            broker.consumer(NOTIFICATION_ACCOUNTS, accounts),
        )
        drain = partial(_drain, settings, stopping, [each.stop for each in (*consumers, webhooks.dispatcher)])
        checks = (
            Check("rabbitmq", mail.check),
            Check("mongodb", check_in_turn(mails.ledger.ping, preparation.check)),
            Check("smtp", mailer.ping, critical=False, cached_s=SMTP_CHECK_CACHED_S),
        )
        provide = {"webhooks": webhooks.service, "push": webhooks.push, "declining": emails.declining}
        app = _application(settings, provide, checks=checks, drain=drain, registry=registry)
        async with asyncio.TaskGroup() as tasks:
            for each in (*consumers, webhooks.dispatcher):
                tasks.create_task(each.run())
            background = _started(tasks, preparation, emails.records, relay, sampler, webhooks.reencryption)
            await serve(app, registry, _listeners(settings), stop)
            await cancel_all(background)
            await emails.records.record_remembered()


def _started(tasks: asyncio.TaskGroup, *runners: Runner) -> list[asyncio.Task[None]]:
    return [tasks.create_task(each.run()) for each in runners]


def _preparation(mails: EmailStores, hooks: WebhookStores) -> StorePreparation:
    """The service works without the indexes, and reports that it is not ready."""
    stores = (
        *(mails.ledger, mails.recipients, mails.failures),
        *(hooks.endpoints, hooks.outbox, hooks.deliveries, hooks.tests, hooks.subscriptions),
    )
    return StorePreparation(*(each.prepare for each in stores))


async def _drain(
    settings: NotificationSettings,
    stopping: asyncio.Event,
    stops: Iterable[Callable[[timedelta], Awaitable[None]]],
) -> None:
    """Ends the sends that are waiting, and waits for those in flight."""
    stopping.set()
    grace = grace_for(max(settings.smtp_timeout, settings.webhook_timeout))
    await asyncio.gather(*(stop(grace) for stop in stops))


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
            controllers=[WebhookController, PushController, DeclineController],
            provide=provide,
            guards=[require_token(tokens.principal)],
            health_opt=public(),
            checks=checks,
            drains=[drain],
            registry=registry,
        )
    )


def _listeners(settings: NotificationSettings) -> Listeners:
    return Listeners(
        public=Address(settings.host, settings.port),
        metrics=Address(settings.host, settings.metrics_port),
        certificate=settings.server_certificate(),
        max_requests=256,
        grace=LISTENERS_GRACE,
    )
