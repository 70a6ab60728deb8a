"""Every process that uses the broker: which events it publishes, and which queues and events it receives.

The permissions of the processes' RabbitMQ users derive from this table.
"""

from shared.contracts import events
from shared.messaging.ports import Broadcast, Process
from shared.messaging.subscriptions import (
    AUTH_ACCOUNTS,
    AUTH_AUDIT,
    CONVERTER_ACCOUNTS,
    CONVERTER_WORKER,
    NOTIFICATION_ACCOUNTS,
    NOTIFICATION_MAIL,
    NOTIFICATION_RECORDS,
    NOTIFICATION_WEBHOOKS,
)

REVOCATIONS = Broadcast(name="gateway.revocations", events=(events.SessionRevoked,))
CANCELLATIONS = Broadcast(
    name="converter.stopping", events=(events.ConversionCancelled, events.ConversionRemoved)
)
# Events of the outbox, which both processes of the converter relay, and the best-effort ones.
CONVERSION_EVENTS = (
    events.VideoUploaded,
    events.ConversionCompleted,
    events.ConversionFailed,
    events.ConversionCancelled,
    events.ConversionChanged,
    events.ConversionRemoved,
)
CHANGES = Broadcast(name="converter.watching", events=CONVERSION_EVENTS)

GATEWAY = Process(name="gateway", listens=(REVOCATIONS,))
AUTH = Process(
    name="auth",
    publishes=(
        events.SessionRevoked,
        events.EmailVerificationRequested,
        events.PasswordResetRequested,
        events.PasswordChanged,
        events.PasswordRemoved,
        events.EmailChanged,
        events.SecurityEventOccurred,
        events.AccountDeleted,
        events.AccountClaimed,
        events.AccountRecovered,
        events.PasswordWasReset,
    ),
    consumes=(AUTH_AUDIT, AUTH_ACCOUNTS),
)
# Also the command `dead-letters`, which runs in the api's container.
CONVERTER = Process(
    name="converter",
    publishes=(*CONVERSION_EVENTS, events.OperatorActed),
    listens=(CHANGES,),
    keeps_dead_letters=True,
)
WORKER = Process(
    name="worker",
    publishes=CONVERSION_EVENTS,
    consumes=(CONVERTER_WORKER, CONVERTER_ACCOUNTS),
    listens=(CANCELLATIONS,),
)
NOTIFICATION = Process(
    name="notification",
    publishes=(events.EmailSent, events.WebhookDelivered, events.AccountDeclined, events.WebhookChanged),
    consumes=(NOTIFICATION_MAIL, NOTIFICATION_WEBHOOKS, NOTIFICATION_RECORDS, NOTIFICATION_ACCOUNTS),
)

PROCESSES = (GATEWAY, AUTH, CONVERTER, WORKER, NOTIFICATION)
