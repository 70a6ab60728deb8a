"""Which letter tells of which event."""

from notification_service.courier import Courier
from notification_service.letters import Letters
from shared.contracts.events import ConversionCompleted, ConversionFailed
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.inboxes import NOTIFICATION_MAIL


class Notifications:
    """Tells the owner of a conversion how it ended."""

    def __init__(self, letters: Letters, courier: Courier) -> None:
        self._letters = letters
        self._courier = courier

    async def completed(self, event: ConversionCompleted, delivery: Delivery) -> None:
        await self._courier.deliver(delivery.envelope, lambda: self._letters.completed(event))

    async def failed(self, event: ConversionFailed, delivery: Delivery) -> None:
        await self._courier.deliver(delivery.envelope, lambda: self._letters.failed(event))


def handlers(notifications: Notifications) -> Handlers:
    """Raises MissingHandler when the mail queue brings an event that no letter tells of."""
    return Handlers(
        {ConversionCompleted: notifications.completed, ConversionFailed: notifications.failed},
        expected=NOTIFICATION_MAIL.events,
    )
