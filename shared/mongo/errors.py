"""What failures of MongoDB mean to a service."""

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from pymongo.errors import (
    ConnectionFailure,
    ExecutionTimeout,
    OperationFailure,
    PyMongoError,
    WaitQueueTimeoutError,
)

from shared.errors import Unavailable
from shared.logs import get_logger
from shared.tasks import preserving_cancellation

T = TypeVar("T")

OUT_OF_DISK_SPACE = 14031

log = get_logger(__name__)


async def call_mongo(call: Awaitable[T]) -> T:
    """Awaits a database call; raises Unavailable in place of every driver error.

    Also raises a cancellation that the driver lost, as `mongo_errors` does.
    """
    try:
        with preserving_cancellation():
            return await call
    except PyMongoError as error:
        log.warning("database call failed", reason=type(error).__name__)
        raise Unavailable("The store cannot be reached.") from error


@contextmanager
def mongo_errors() -> Iterator[None]:
    """Raises Unavailable in place of driver errors that mean that MongoDB is out of reach or full.

    Also raises a cancellation that the driver lost (see `preserving_cancellation`): it waits with
    asyncio.wait_for.
    """
    try:
        with preserving_cancellation():
            yield
    except (ConnectionFailure, ExecutionTimeout, WaitQueueTimeoutError) as error:
        raise Unavailable("The store cannot be reached.") from error
    except OperationFailure as error:
        if error.code == OUT_OF_DISK_SPACE:
            raise Unavailable("The store is full.", retry_after_s=60) from error
        if error.timeout or error.has_error_label("RetryableWriteError"):
            raise Unavailable("The store cannot be reached.") from error
        raise
    except PyMongoError as error:
        if error.timeout:
            raise Unavailable("The store cannot be reached.") from error
        raise
