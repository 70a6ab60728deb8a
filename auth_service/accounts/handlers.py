"""Handlers of events about accounts."""

from auth_service.accounts.decline import AccountDecline
from auth_service.accounts.webhook_changes import WebhookChanges
from shared.contracts.events import AccountDeclined, WebhookChanged
from shared.messaging.handlers import Handlers
from shared.messaging.subscriptions import AUTH_ACCOUNTS


def account_handlers(decline: AccountDecline, webhook_changes: WebhookChanges) -> Handlers:
    return Handlers(
        {AccountDeclined: decline.close, WebhookChanged: webhook_changes.mail}, expected=AUTH_ACCOUNTS.events
    )
