"""Emails from the settings: templates, sender, records and limits of recipients."""

import asyncio
from datetime import timedelta

import msgspec
from prometheus_client import CollectorRegistry

from notification_service.email.admission import EmailAdmission, RecipientLimits
from notification_service.email.decline_service import DeclineService
from notification_service.email.declines import DeclineTokens
from notification_service.email.handlers import email_handlers
from notification_service.email.links import InvalidLink
from notification_service.email.mongo_declined import MongoDeclined
from notification_service.email.mongo_ledger import MongoLedger
from notification_service.email.retry_policy import RetryPolicy
from notification_service.email.sender import EmailSender
from notification_service.email.sent_records import SentRecords
from notification_service.email.smtp import SmtpMailer
from notification_service.email.templates import EmailTemplates
from notification_service.mongo_admissions import MongoAdmissions
from notification_service.settings import NotificationSettings
from notification_service.takeover import Takeover
from shared.messaging.handlers import Handlers
from shared.messaging.ports import Publisher
from shared.mongo import Database
from shared.settings import SettingsError
from shared.signed_links import LinkSigner


class Emails(msgspec.Struct, frozen=True, kw_only=True):
    """What the process runs and serves for emails."""

    handlers: Handlers
    records: SentRecords
    declining: DeclineService


class EmailStores(msgspec.Struct, frozen=True, kw_only=True):
    """Stores of emails in MongoDB."""

    ledger: MongoLedger
    recipients: MongoAdmissions
    failures: MongoAdmissions
    declined: MongoDeclined


def email_stores(settings: NotificationSettings, database: Database, handover: timedelta) -> EmailStores:
    return EmailStores(
        ledger=MongoLedger(database, settings.ledger_keep, handover),
        recipients=MongoAdmissions(database, "recipients"),
        failures=MongoAdmissions(database, "failures"),
        declined=MongoDeclined(database),
    )


def build_emails(
    settings: NotificationSettings,
    stores: EmailStores,
    mailer: SmtpMailer,
    *,
    publisher: Publisher,
    takeover: Takeover,
    stopping: asyncio.Event,
    registry: CollectorRegistry,
) -> Emails:
    """Raises SettingsError for a malformed public URL."""
    policy = _policy(settings)
    records = SentRecords(stores.ledger, publisher, policy, stopping)
    sender = EmailSender(
        stores.ledger,
        records,
        mailer,
        settings.from_address,
        policy,
        takeover=takeover,
        stopping=stopping,
        registry=registry,
    )
    tokens = DeclineTokens(settings.webhook_key)
    limits = RecipientLimits(settings.per_day, settings.unverified_per_day, settings.unverified_total)
    admission = EmailAdmission(stores.recipients, stores.failures, stores.declined, limits)
    return Emails(
        handlers=email_handlers(_templates(settings, tokens), sender, admission),
        records=records,
        declining=DeclineService(tokens, stores.declined, publisher),
    )


def _policy(settings: NotificationSettings) -> RetryPolicy:
    # A lease outlasts one attempt, with a margin for a slow machine.
    lease = settings.smtp_timeout * 1.25 + timedelta(seconds=2)
    return RetryPolicy(lease=lease, give_up_after=settings.give_up_after)


def _templates(settings: NotificationSettings, tokens: DeclineTokens) -> EmailTemplates:
    try:
        links = LinkSigner(settings.link_key)
        return EmailTemplates(settings.public_url, tokens, links, settings.verify_link, settings.reset_link)
    except InvalidLink:
        raise SettingsError("GATEWAY_PUBLIC_URL: it should look like https://tonegate.example.org") from None
