"""What is common to all calls of webhooks to MongoDB."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.tasks import no_cancellation_lost

Document = dict[str, Any]
T = TypeVar("T")


async def reached(call: Awaitable[T]) -> T:
    """The answer, or Unavailable."""
    try:
        with no_cancellation_lost():
            return await call
    except PyMongoError as trouble:
        get_logger(__name__).warning("the database did not answer", reason=type(trouble).__name__)
        raise Unavailable("Webhooks cannot be reached right now.") from trouble


def from_now(span: timedelta) -> Document:
    """On the server's clock, so that replicas with different clocks agree."""
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}
