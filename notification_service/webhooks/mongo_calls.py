"""Error mapping and server time of the MongoDB stores."""

from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, TypeVar

from pymongo.errors import PyMongoError

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.tasks import preserving_cancellation

Document = dict[str, Any]
T = TypeVar("T")


async def reached(call: Awaitable[T]) -> T:
    """Awaits a database call; raises Unavailable on any driver error."""
    try:
        with preserving_cancellation():
            return await call
    except PyMongoError as trouble:
        get_logger(__name__).warning("database call failed", reason=type(trouble).__name__)
        raise Unavailable("Webhooks cannot be reached right now.") from trouble


def from_now(span: timedelta) -> Document:
    """Expression for a time relative to the clock of the server."""
    return {"$add": ["$$NOW", int(span.total_seconds() * 1000)]}
