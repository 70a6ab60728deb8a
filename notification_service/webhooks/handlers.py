"""Handlers of the events that concern webhooks."""

from notification_service.webhooks.account_deletion import AccountDeletion
from notification_service.webhooks.fanout import WebhookFanout
from shared.contracts.events import (
    AccountClaimed,
    AccountDeleted,
    ConversionCancelled,
    ConversionCompleted,
    ConversionFailed,
)
from shared.messaging.handlers import Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS, NOTIFICATION_WEBHOOKS


def webhook_handlers(fanout: WebhookFanout) -> Handlers:
    """Maps each event of a conversion's end to the fan-out."""
    return Handlers(
        dict.fromkeys((ConversionCompleted, ConversionFailed, ConversionCancelled), fanout.fan_out),
        expected=NOTIFICATION_WEBHOOKS.events,
    )


def account_handlers(deletion: AccountDeletion) -> Handlers:
    """Maps the events about accounts to the removal of webhooks."""
    return Handlers(
        {AccountDeleted: deletion.delete_account, AccountClaimed: deletion.claim_account},
        expected=NOTIFICATION_ACCOUNTS.events,
    )
