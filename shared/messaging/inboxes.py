"""Every durable queue of the system.

Publishers declare them too, so that an event is kept even before its first consumer ever starts.
"""

from datetime import timedelta

from shared.contracts.events import ConversionCompleted, ConversionFailed, VideoUploaded
from shared.messaging.ports import Subscription

CONVERTER_WORKER = Subscription(
    queue="converter.worker",
    events=(VideoUploaded,),
    handling_timeout=timedelta(hours=24),
)
NOTIFICATION_MAIL = Subscription(
    queue="notification.mail",
    events=(ConversionCompleted, ConversionFailed),
    prefetch=10,
    handling_timeout=timedelta(minutes=10),
)

INBOXES = (CONVERTER_WORKER, NOTIFICATION_MAIL)
