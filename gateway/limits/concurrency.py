"""Limits of concurrent requests. Requests above the limits are refused, so that those within stay fast.

As in imgproxy there is a limit of running requests and one of waiting requests (ASVS 5.0, 15.2.2). Calls,
streams and event streams are counted separately, so that slow downloads do not block logins. Each address and
each client may hold only a share of them.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from prometheus_client import CollectorRegistry

from gateway.limits.arrivals import Arrivals
from gateway.limits.incoming_body import incoming_body
from gateway.limits.pace import Pace, SpeedLimits
from gateway.limits.slot_metrics import SlotMetrics
from gateway.limits.slots import Limit, Slot, SlotPool
from gateway.limits.stream_slots import StreamPool, StreamSlot
from gateway.settings import GatewaySettings

STREAMED_KEY: Final = "streamed"
LIVE_KEY: Final = "live"
VITAL_KEY: Final = "vital"
SLOT_KEY: Final = "concurrency_slot"
RELEASE_KEY: Final = "release"

streamed: Final[dict[str, Any]] = {STREAMED_KEY: True}
"""`opt=streamed`: the request lasts as long as its body, in either direction."""

live: Final[dict[str, Any]] = {LIVE_KEY: True}
"""`opt=live`: the request is an event stream, which lasts as long as its client likes and is mostly idle."""

vital: Final[dict[str, Any]] = {VITAL_KEY: True}
"""`opt=vital`: the request is not limited; health probes must work in an overloaded process."""

WAIT_TIMEOUT = timedelta(seconds=1)
UPLOAD_METHODS = frozenset({"POST", "PUT", "PATCH"})


class ConcurrencyLimits:
    """The slots of each kind of request, and the bodies that arrive before their request has one."""

    def __init__(self, calls: SlotPool, streams: StreamPool, live: SlotPool, arrivals: Arrivals) -> None:
        self._calls, self._streams, self._live, self._arrivals = calls, streams, live, arrivals

    async def receive(self, scope: Mapping[str, Any], address: str) -> None:
        """Receives a short body. Raises RequestTimeout and ClientDisconnected."""
        if (body := incoming_body(scope)) is not None:
            await self._arrivals.receive(body, address)

    async def acquire(self, scope: Mapping[str, Any], opt: Mapping[str, Any], address: str) -> None:
        """Raises Full and TooManyOfClient. The slot is released when the response has ended."""
        if opt.get(VITAL_KEY, False) is True:
            return
        slot: Slot | StreamSlot
        if is_streamed(opt):
            slot = await self._streams.acquire(address, is_upload=scope["method"] in UPLOAD_METHODS)
        else:
            slot = await (self._live if opt.get(LIVE_KEY, False) is True else self._calls).acquire(address)
        scope["state"][SLOT_KEY] = slot
        on_release(scope, slot.release)

    def assign(self, scope: Mapping[str, Any], client: str) -> None:
        """Counts the request for an account or an address. Raises TooManyOfClient."""
        slot = scope["state"].get(SLOT_KEY)
        if isinstance(slot, Slot | StreamSlot):
            slot.assign(client)


def concurrency_limits(settings: GatewaySettings, registry: CollectorRegistry) -> ConcurrencyLimits:
    """Calls may wait for a slot. Streams may not: theirs are held for too long."""
    metrics = SlotMetrics(registry)
    most, each = settings.max_calls, settings.max_calls_per_address
    calls = SlotPool(limit(most, each, most, waiting=most), metrics.counted("calls"))
    streams = StreamPool(
        limit(settings.max_streams, settings.max_streams_per_address, settings.max_streams_per_client),
        settings.reserved_streams,
        SpeedLimits(settings.min_speed, settings.slow_speed, settings.speed_window),
        metrics.counted("streams"),
    )
    live = SlotPool(
        limit(
            settings.max_event_streams,
            settings.max_event_streams_per_address,
            settings.max_streams_per_client,
        ),
        metrics.counted("event_streams"),
    )
    metrics.watch("calls", most, lambda: calls.in_use, lambda: calls.waiting)
    metrics.watch("streams", settings.max_streams, lambda: streams.in_use)
    metrics.watch("event_streams", settings.max_event_streams, lambda: live.in_use)
    return ConcurrencyLimits(calls, streams, live, Arrivals(each, metrics.counted("bodies")))


def limit(running: int, per_address: int, per_client: int, *, waiting: int = 0) -> Limit:
    return Limit(
        running=running,
        per_address=per_address,
        per_client=per_client,
        waiting=waiting,
        timeout=WAIT_TIMEOUT,
    )


def is_streamed(opt: Mapping[str, Any]) -> bool:
    return opt.get(STREAMED_KEY, False) is True


def stream_pace(scope: Mapping[str, Any]) -> Pace | None:
    """The pace of a request that has a stream's slot."""
    slot = scope["state"].get(SLOT_KEY)
    return slot.pace if isinstance(slot, StreamSlot) else None


def on_release(scope: Mapping[str, Any], act: Callable[[], None]) -> None:
    """Has ReleaseMiddleware call `act` when the request's response has ended, successfully or not."""
    scope["state"].setdefault(RELEASE_KEY, []).append(act)
