"""Metrics of a MongoDB client's connections."""

from prometheus_client import CollectorRegistry, Counter
from pymongo.monitoring import (
    ConnectionCheckedInEvent,
    ConnectionCheckedOutEvent,
    ConnectionCheckOutFailedEvent,
    ConnectionCheckOutStartedEvent,
    ConnectionClosedEvent,
    ConnectionCreatedEvent,
    ConnectionPoolListener,
    ConnectionReadyEvent,
    PoolClearedEvent,
    PoolClosedEvent,
    PoolCreatedEvent,
    PoolReadyEvent,
)

from shared.metrics import register_pool


class MongoPoolMetrics(ConnectionPoolListener):
    """Counts the connections that calls hold, and the calls that got none."""

    def __init__(self, registry: CollectorRegistry, maximum: int) -> None:
        self._in_use = 0
        self._failures = Counter(
            "mongodb_checkout_failures",
            "Calls that got no connection: all were in use, or the server was away",
            registry=registry,
        )
        register_pool(registry, "mongodb", maximum, lambda: self._in_use)

    def connection_checked_out(self, _: ConnectionCheckedOutEvent) -> None:
        self._in_use += 1

    def connection_checked_in(self, _: ConnectionCheckedInEvent) -> None:
        self._in_use -= 1

    def connection_check_out_failed(self, _: ConnectionCheckOutFailedEvent) -> None:
        self._failures.inc()

    def connection_check_out_started(self, _: ConnectionCheckOutStartedEvent) -> None: ...

    def connection_created(self, _: ConnectionCreatedEvent) -> None: ...

    def connection_ready(self, _: ConnectionReadyEvent) -> None: ...

    def connection_closed(self, _: ConnectionClosedEvent) -> None: ...

    def pool_created(self, _: PoolCreatedEvent) -> None: ...

    def pool_ready(self, _: PoolReadyEvent) -> None: ...

    def pool_cleared(self, _: PoolClearedEvent) -> None: ...

    def pool_closed(self, _: PoolClosedEvent) -> None: ...
