"""What follows from the end of a session, an API key or an account: webhooks and push subscriptions are
removed.
"""

from notification_service.push.session_end import SubscriptionEnd
from notification_service.webhooks.account_deletion import AccountDeletion
from shared.contracts.events import AccountClaimed, AccountDeleted, AccountRecovered, SessionRevoked
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_ACCOUNTS


def account_handlers(webhooks: AccountDeletion, push: SubscriptionEnd) -> Handlers:
    """Push subscriptions go first, because the removal of webhooks raises Retry to be repeated."""

    async def delete(event: AccountDeleted, delivery: Delivery) -> None:
        await push.delete_account(event)
        await webhooks.delete_account(event, delivery)

    async def claim(event: AccountClaimed, delivery: Delivery) -> None:
        await push.delete_earlier(event.user_id, event.claimed_at, event.ended)
        await webhooks.claim_account(event, delivery)

    async def recover(event: AccountRecovered, delivery: Delivery) -> None:
        await push.delete_earlier(event.user_id, event.recovered_at, event.ended)
        await webhooks.recover_account(event, delivery)

    async def end_session(event: SessionRevoked, delivery: Delivery) -> None:
        await push.end_session(event)
        await webhooks.end_key(event, delivery)

    return Handlers(
        {
            AccountDeleted: delete,
            AccountClaimed: claim,
            AccountRecovered: recover,
            SessionRevoked: end_session,
        },
        expected=NOTIFICATION_ACCOUNTS.events,
    )
