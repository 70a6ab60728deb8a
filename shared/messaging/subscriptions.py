"""Every durable queue of the system.

Publishers declare them too, so that events are kept before their first consumer has ever started.
"""

from datetime import timedelta

from shared.contracts import events
from shared.messaging.ports import Subscription

CONVERTER_WORKER = Subscription(
    queue="converter.worker",
    events=(events.VideoUploaded,),
    handling_timeout=timedelta(hours=24),
)
NOTIFICATION_MAIL = Subscription(
    queue="notification.mail",
    events=(
        events.ConversionCompleted,
        events.ConversionFailed,
        events.EmailVerificationRequested,
        events.PasswordResetRequested,
        events.PasswordChanged,
        events.PasswordRemoved,
        events.EmailChanged,
        events.SecurityEventOccurred,
    ),
    prefetch=10,
    handling_timeout=timedelta(minutes=10),
)
NOTIFICATION_WEBHOOKS = Subscription(
    queue="notification.webhooks",
    events=(events.ConversionCompleted, events.ConversionFailed, events.ConversionCancelled),
    prefetch=10,
    handling_timeout=timedelta(minutes=10),
)
NOTIFICATION_RECORDS = Subscription(
    queue="notification.records",
    events=(events.EmailSent, events.WebhookDelivered),
    prefetch=10,
    handling_timeout=timedelta(minutes=1),
)
NOTIFICATION_ACCOUNTS = Subscription(
    queue="notification.accounts",
    events=(events.AccountDeleted, events.AccountClaimed, events.AccountRecovered, events.SessionRevoked),
    handling_timeout=timedelta(minutes=10),
)
CONVERTER_ACCOUNTS = Subscription(
    queue="converter.accounts",
    events=(events.AccountDeleted, events.PasswordWasReset),
    handling_timeout=timedelta(hours=1),
)

AUTH_AUDIT = Subscription(
    queue="auth.audit",
    events=(events.OperatorActed,),
    handling_timeout=timedelta(minutes=1),
)

AUTH_ACCOUNTS = Subscription(
    queue="auth.accounts",
    events=(events.AccountDeclined, events.WebhookChanged),
    handling_timeout=timedelta(minutes=1),
)

SUBSCRIPTIONS = (
    CONVERTER_WORKER,
    CONVERTER_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_WEBHOOKS,
    NOTIFICATION_RECORDS,
    NOTIFICATION_ACCOUNTS,
    AUTH_AUDIT,
    AUTH_ACCOUNTS,
)
