"""What follows from the end of a conversion beside the email: webhooks and push messages."""

from notification_service.push.fanout import PushFanout
from notification_service.push.messages import ConversionEnded as Pushed
from notification_service.webhooks.fanout import WebhookFanout
from notification_service.webhooks.payloads import TYPES, ConversionEnded
from shared.messaging.handlers import Delivery, Handlers
from shared.messaging.subscriptions import NOTIFICATION_WEBHOOKS


def end_handlers(webhooks: WebhookFanout, push: PushFanout) -> Handlers:
    """Maps each event of a conversion's end to both fan-outs, which store nothing twice."""

    async def fan_out(event: ConversionEnded, delivery: Delivery) -> None:
        await webhooks.fan_out(event, delivery)
        if isinstance(event, Pushed):
            await push.fan_out(event, delivery)

    return Handlers(dict.fromkeys(TYPES, fan_out), expected=NOTIFICATION_WEBHOOKS.events)
