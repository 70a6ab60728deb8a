"""Error mapping of the webhook stores in MongoDB."""

from collections.abc import Awaitable
from typing import TypeVar

from pymongo.errors import PyMongoError

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.mongo import driver_errors

T = TypeVar("T")


async def call_store(call: Awaitable[T]) -> T:
    """Awaits a database call; raises Unavailable on any driver error."""
    with driver_errors(_unavailable):
        return await call


def _unavailable(error: PyMongoError) -> Unavailable:
    get_logger(__name__).warning("database call failed", reason=type(error).__name__)
    return Unavailable("Webhooks cannot be reached right now.")
