"""How long each process may take to stop, by the code's time limits."""

from datetime import timedelta

from msgspec.structs import fields

from converter_service.settings import WorkerSettings
from notification_service.app import LISTENERS_GRACE, grace_for
from notification_service.settings import NotificationSettings
from shared.http import Address, Listeners
from shared.messaging.handler_pool import CANCEL_TIMEOUT_S
from shared.messaging.rabbitmq.settlement import SETTLEMENT_TIMEOUT_S
from shared.messaging.rabbitmq.timeouts import Timing
from shared.mongo import OPERATION_MS
from tests.deploy.composed import OWN

CLEAN_UP = timedelta(seconds=CANCEL_TIMEOUT_S)


def default_of(kind: type[WorkerSettings | NotificationSettings], field: str) -> timedelta:
    value = {each.name: each.default for each in fields(kind)}[field]
    assert isinstance(value, timedelta)
    return value


def longest_stops(worker_grace: timedelta | None = None) -> dict[str, timedelta]:
    """The longest stop of each process; `worker_grace` is CONVERTER_STOP_GRACE, by default the code's."""
    listeners = Listeners(Address("", 0), Address("", 0)).grace
    longest = dict.fromkeys(OWN, listeners)
    longest["worker"] += (worker_grace or default_of(WorkerSettings, "stop_grace")) + CLEAN_UP
    unsubscribing, closing = (
        timedelta(seconds=SETTLEMENT_TIMEOUT_S),
        timedelta(seconds=Timing().close_timeout),
    )
    recording = timedelta(milliseconds=OPERATION_MS) + timedelta(seconds=Timing().publish_timeout)
    sending = grace_for(default_of(NotificationSettings, "smtp_timeout"))
    longest["notification"] = LISTENERS_GRACE + unsubscribing + sending + CLEAN_UP + closing + recording
    return longest
