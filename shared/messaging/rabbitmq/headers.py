"""A message's delivery history as AMQP headers. Headers are untrusted: invalid values count as absent."""

from collections.abc import Mapping, Sequence

from aio_pika.abc import HeadersType

from shared.clock import utc_now
from shared.messaging.delivery_history import MAX_ENTRIES, DeliveryHistory, printable

FAILURES = "x-tonegate-failures"
POSTPONEMENTS = "x-tonegate-postponements"
HISTORY = "x-tonegate-history"
REASON = "x-tonegate-reason"
QUEUE = "x-tonegate-queue"
DIED_AT = "x-tonegate-died-at"


def history_headers(history: DeliveryHistory) -> HeadersType:
    """Headers of a message that is to be delivered again."""
    return {
        FAILURES: history.failures,
        POSTPONEMENTS: history.postponements,
        HISTORY: list(history.entries),
    }


def dead_letter_headers(reason: str, queue: str, history: DeliveryHistory) -> HeadersType:
    """Headers of a dead letter; a replay puts it back into `queue`."""
    at = utc_now().isoformat(timespec="milliseconds")
    return {**history_headers(history), REASON: reason, QUEUE: queue, DIED_AT: at}


def replay_headers(entries: Sequence[str]) -> HeadersType:
    """Headers of a replayed dead letter: its history is kept, its failures are counted from zero."""
    return history_headers(DeliveryHistory(entries=tuple(entries)))


def read_history(headers: Mapping[str, object]) -> DeliveryHistory:
    """The delivery history in a message's headers."""
    history = headers.get(HISTORY)
    entries = history if isinstance(history, list) else []
    return DeliveryHistory(
        failures=_count(headers.get(FAILURES)),
        postponements=_count(headers.get(POSTPONEMENTS)),
        entries=tuple(printable(str(entry)) for entry in entries[-MAX_ENTRIES:]),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
