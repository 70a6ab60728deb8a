"""The composition root: from settings to what tells people by mail and programs by webhook."""

import asyncio
from datetime import timedelta

from prometheus_client import CollectorRegistry

from notification_service.email.handlers import Notifications, handlers
from notification_service.email.links import BadLink, Link
from notification_service.email.message import Sender
from notification_service.email.mongo_ledger import MongoLedger, connect
from notification_service.email.ports import LedgerUnavailable
from notification_service.email.sender import Courier, Patience
from notification_service.email.smtp import SmtpMailer, SmtpServer
from notification_service.email.templates import Letters, Unwritable
from notification_service.settings import NotificationSettings
from notification_service.webhooks.controller import WebhookController
from notification_service.webhooks.handlers import account_handlers, webhook_handlers
from notification_service.wiring import opened
from shared.errors import Unavailable
from shared.http import Address, Check, Listeners, Wiring, application, in_turn, serve
from shared.http.auth_guard import public, require_token
from shared.messaging.rabbitmq import RabbitMQ
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS, NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS
from shared.settings import SettingsError
from shared.store_preparation import Preparing
from shared.tasks import end

DEFAULT_DATABASE = "tonegate_notification"
# Calls are short.
LISTENERS_GRACE = timedelta(seconds=5)
# Anybody may ask for readiness, and a mail server bars who comes every second and sends nothing.
SMTP_REMEMBERED_S = 5.0
INBOXES_HERE = (NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS, NOTIFICATION_ACCOUNTS)


async def run(settings: NotificationSettings, stop: asyncio.Event) -> None:
    """Runs until `stop`. Raises SettingsError for an address that cannot be one."""
    registry = CollectorRegistry()
    client = connect(settings.mongo_url.reveal())
    database = client.get_default_database(DEFAULT_DATABASE)
    ledger = MongoLedger(database, settings.ledger_keep)
    mailer = SmtpMailer(_server(settings), settings.smtp_timeout)
    patience = Patience(lease=lease_for(settings.smtp_timeout), give_up_after=settings.give_up_after)
    courier = Courier(ledger, mailer, _sender(settings), patience, registry)
    notifications = Notifications(_letters(settings), courier)
    broker = RabbitMQ(settings.amqp_url.reveal(), "notification", INBOXES_HERE)
    mail = broker.consumer(NOTIFICATION_MAIL, handlers(notifications))
    async with client, broker, opened(settings, database, registry) as hooks:
        telling = broker.consumer(NOTIFICATION_WEBHOOKS, webhook_handlers(hooks.telling))
        leaving = broker.consumer(NOTIFICATION_ACCOUNTS, account_handlers(hooks.telling))
        consumers = (mail, telling, leaving)
        # They bound what is stored, and make it fast: without them it works, and says that it is not ready.
        ledger_indexes = Preparing(ledger.prepare, away=LedgerUnavailable)
        webhook_indexes = Preparing(hooks.endpoints.prepare, hooks.deliveries.prepare, away=Unavailable)
        grace = grace_for(max(settings.smtp_timeout, settings.webhook_timeout))

        async def finish() -> None:
            await asyncio.gather(
                *(consumer.stop(grace) for consumer in consumers), hooks.deliverer.stop(grace)
            )

        app = application(
            Wiring(
                controllers=[WebhookController],
                provide={"webhooks": hooks.webhooks},
                guards=[require_token(hooks.tokens.principal)],
                health_opt=public(),
                checks=(
                    Check("rabbitmq", mail.check),
                    Check("mongodb", in_turn(ledger.ping, ledger_indexes.check, webhook_indexes.check)),
                    Check("smtp", mailer.ping, critical=False, remembered_s=SMTP_REMEMBERED_S),
                    Check("auth_service", hooks.keys.check, critical=False),
                ),
                beside=[finish],
                registry=registry,
            )
        )
        async with asyncio.TaskGroup() as tasks:
            for consumer in consumers:
                tasks.create_task(consumer.run())
            tasks.create_task(hooks.deliverer.run())
            preparing = [tasks.create_task(each.run()) for each in (ledger_indexes, webhook_indexes)]
            recording = tasks.create_task(courier.run())
            await serve(app, registry, _listeners(settings), stop)
            await end([*preparing, recording])


def grace_for(smtp_timeout: timedelta) -> timedelta:
    """What is on its way when a stop is asked for is sent to its end and recorded: the time-out, a goodbye
    and a write.
    """
    return smtp_timeout + timedelta(seconds=10)


def lease_for(smtp_timeout: timedelta) -> timedelta:
    """Outlasts the one attempt that it covers, with room for a slow machine."""
    return smtp_timeout * 1.25 + timedelta(seconds=2)


def _letters(settings: NotificationSettings) -> Letters:
    links = {"NOTIFICATION_VERIFY_URL": settings.verify_url, "NOTIFICATION_RESET_URL": settings.reset_url}
    made = dict[str, Link | None]()
    for variable, template in links.items():
        try:
            made[variable] = Link(template) if template else None
        except BadLink as bad:
            raise SettingsError(f"{variable}: {bad}") from None
    try:
        return Letters(settings.public_url, *made.values())
    except BadLink:
        raise SettingsError("GATEWAY_PUBLIC_URL: it should look like https://tonegate.example.org") from None


def _server(settings: NotificationSettings) -> SmtpServer:
    try:
        return SmtpServer.from_url(settings.smtp_url.reveal())
    except ValueError as bad:
        raise SettingsError(f"NOTIFICATION_SMTP_URL: {bad}") from None


def _sender(settings: NotificationSettings) -> Sender:
    try:
        return Sender(settings.sender)
    except Unwritable:
        raise SettingsError(
            "NOTIFICATION_FROM: it should look like Tonegate <tonegate@example.org>"
        ) from None


def _listeners(settings: NotificationSettings) -> Listeners:
    return Listeners(
        public=Address(settings.host, settings.port),
        metrics=Address(settings.host, settings.metrics_port),
        at_once=256,
        grace=LISTENERS_GRACE,
    )
