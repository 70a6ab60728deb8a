"""A message's trail as AMQP headers. They come from outside, so whatever does not fit counts as absent."""

from collections.abc import Mapping, Sequence

from aio_pika.abc import HeadersType

from shared.clock import utc_now
from shared.messaging.delivery_history import HISTORY_LENGTH, Trail, printable

FAILURES = "x-tonegate-failures"
POSTPONEMENTS = "x-tonegate-postponements"
HISTORY = "x-tonegate-history"
REASON = "x-tonegate-reason"
QUEUE = "x-tonegate-queue"
DIED_AT = "x-tonegate-died-at"


def of_trail(trail: Trail) -> HeadersType:
    return {
        FAILURES: trail.failures,
        POSTPONEMENTS: trail.postponements,
        HISTORY: list(trail.history),
    }


def of_dead_letter(reason: str, queue: str, trail: Trail) -> HeadersType:
    """`queue` is where a replay puts it."""
    at = utc_now().isoformat(timespec="milliseconds")
    return {**of_trail(trail), REASON: reason, QUEUE: queue, DIED_AT: at}


def of_replay(history: Sequence[str]) -> HeadersType:
    """Failures are counted anew; what happened before is remembered."""
    return of_trail(Trail(history=tuple(history)))


def trail_of(headers: Mapping[str, object]) -> Trail:
    history = headers.get(HISTORY)
    entries = history if isinstance(history, list) else []
    return Trail(
        failures=_count(headers.get(FAILURES)),
        postponements=_count(headers.get(POSTPONEMENTS)),
        history=tuple(printable(str(entry)) for entry in entries[-HISTORY_LENGTH:]),
    )


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0
