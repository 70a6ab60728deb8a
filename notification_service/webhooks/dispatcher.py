"""Sends what is due: any number of processes at once, and no slow receiver in another's way."""

import asyncio
import random
from collections import Counter as Counts
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec
from prometheus_client import CollectorRegistry, Counter

from notification_service.webhooks.delivery import Answer, Delivery, Verdict, judge
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.outbound.url_policy import BadTarget, Targets
from notification_service.webhooks.ports import Deliveries, Endpoints, Lane, Poster
from notification_service.webhooks.secret_cipher import Seal, Unreadable
from notification_service.webhooks.signature import headers
from shared.contracts.webhooks import Attempt, Reason
from shared.errors import Unavailable
from shared.logs import bind_correlation, get_logger

T = TypeVar("T")

log = get_logger(__name__)


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """`at_once` messages are under way in this process, `per_account` and `per_endpoint` of them for one.

    `lease` outlasts an attempt and its record. `schedule` are the waits between attempts; `poll` finds what
    other processes stored and what has become due; `away` is the pause while the store cannot be reached.
    """

    lease: timedelta
    schedule: tuple[timedelta, ...]
    at_once: int = 32
    per_account: int = 8
    per_endpoint: int = 4
    poll: timedelta = timedelta(seconds=1)
    away: timedelta = timedelta(seconds=2)


class Deliverer:
    """A message that a process died over is sent again when its lease has lapsed, with the same id."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        deliveries: Deliveries,
        poster: Poster,
        targets: Targets,
        seal: Seal,
        pace: Pace,
        registry: CollectorRegistry,
        now: Callable[[], datetime],
    ) -> None:
        self._endpoints, self._deliveries, self._poster = endpoints, deliveries, poster
        self._targets, self._seal, self._pace, self._now = targets, seal, pace, now
        self._attempts = Counter("webhook_attempts", "Attempts by outcome", ("outcome",), registry=registry)
        self._lanes: Counts[Lane] = Counts()
        self._accounts: Counts[str] = Counts()
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        self._stopping = False

    def wake(self) -> None:
        """Something may be due."""
        self._woken.set()

    async def run(self) -> None:
        """Until `stop`. While the store is away it waits."""
        while not self._stopping:
            self._woken.clear()
            try:
                pause_s = self._pace.poll.total_seconds()
                if await self._round():
                    continue
            except Unavailable as away:
                log.warning("webhooks wait", reason=str(away))
                pause_s = self._pace.away.total_seconds()
            except Exception:  # a loop that ended would strand every later message
                log.exception("a round of webhooks failed")
                pause_s = self._pace.away.total_seconds()
            await self._idle(pause_s)

    async def stop(self, grace: timedelta) -> None:
        """Begins nothing new; what is under way may end within `grace`."""
        self._stopping = True
        self.wake()
        if self._running:
            await asyncio.wait(self._running, timeout=grace.total_seconds())
        for task in set(self._running):
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _idle(self, pause_s: float) -> None:
        try:
            async with asyncio.timeout(pause_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _round(self) -> int:
        """One message of each lane that has room, so that a long queue makes nobody else's longer."""
        if len(self._running) >= self._pace.at_once:
            return 0
        lanes = list(await self._deliveries.due())
        random.shuffle(lanes)
        begun = 0
        for lane in lanes:
            if self._stopping or len(self._running) >= self._pace.at_once:
                break
            if self._has_room(lane) and (claimed := await self._deliveries.claim(lane, self._pace.lease)):
                self._begin(lane, claimed)
                begun += 1
        return begun

    def _has_room(self, lane: Lane) -> bool:
        return (
            self._lanes[lane] < self._pace.per_endpoint
            and self._accounts[lane.owner_id] < self._pace.per_account
        )

    def _begin(self, lane: Lane, delivery: Delivery) -> None:
        self._lanes[lane] += 1
        self._accounts[lane.owner_id] += 1
        task = asyncio.create_task(self._deliver(lane, delivery))
        self._running.add(task)
        task.add_done_callback(lambda ended: self._ended(lane, ended))

    def _ended(self, lane: Lane, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._lanes -= Counts([lane])  # keeps no zeros
        self._accounts -= Counts([lane.owner_id])
        if not task.cancelled() and (error := task.exception()):
            log.error("a webhook could not be settled; it is sent again", exc_info=error)
        self.wake()

    async def _deliver(self, lane: Lane, delivery: Delivery) -> None:
        with bind_correlation(delivery.correlation_id, delivery.subject):
            await self._delivered(lane, delivery)

    async def _delivered(self, lane: Lane, delivery: Delivery) -> None:
        endpoint = await self._insist(lambda: self._endpoints.get(delivery.endpoint_id))
        if endpoint is None:
            await self._insist(lambda: self._deliveries.remove(lane))
        elif endpoint.disabled_reason is not None or delivery.tries > len(self._pace.schedule) + 1:
            # More tries than there are: processes died over it, and one more would be no better.
            await self._settle(delivery, None, Verdict(status="failed"))
        else:
            await self._attempt(endpoint, delivery)

    async def _attempt(self, endpoint: Endpoint, delivery: Delivery) -> None:
        began = self._now()
        answer = await self._post(endpoint, delivery, began)
        attempt = Attempt(
            at=began, status=answer.status, duration=round(answer.duration_s, 3), error=answer.error
        )
        verdict = judge(delivery, answer, self._pace.schedule, random.random())  # noqa: S311, jitter
        self._attempts.labels(answer.error or "delivered").inc()
        log.info(
            "webhook sent" if answer.error is None else "webhook not taken",
            webhook=endpoint.id,
            message=delivery.id,
            attempt=delivery.tries,
            status=answer.status,
            error=answer.error,
            outcome=verdict.status,
        )
        await self._settle(delivery, attempt, verdict)
        await self._insist(lambda: self._note(endpoint, delivery, attempt, verdict))

    async def _post(self, endpoint: Endpoint, delivery: Delivery, began: datetime) -> Answer:
        """What may be called may have changed since the webhook was made."""
        body = delivery.payload.encode()
        try:
            target = self._targets.checked(endpoint.url)
            keys = [self._seal.open(sealed) for sealed in endpoint.secrets_at(began)]
        except BadTarget:
            return Answer(duration_s=0, error="address_not_allowed")
        except Unreadable:
            log.warning("a webhook's secret was sealed with another key", webhook=endpoint.id)
            return Answer(duration_s=0, error="cannot_be_signed")
        return await self._poster.post(target, body, headers(delivery.id, began, body, keys))

    async def _settle(self, delivery: Delivery, attempt: Attempt | None, verdict: Verdict) -> None:
        if not await self._insist(lambda: self._deliveries.settle(delivery, attempt, verdict)):
            log.warning("a webhook took longer than its lease", message=delivery.id)

    async def _note(self, endpoint: Endpoint, delivery: Delivery, attempt: Attempt, verdict: Verdict) -> None:
        """What the attempt says about the endpoint. Written only when it is news."""
        if verdict.status == "delivered":
            if endpoint.failing_since is not None:
                await self._endpoints.worked(endpoint.id)
            return
        if endpoint.failing_since is None:
            await self._endpoints.failed(endpoint.id, attempt.at)
        if verdict.disable == "gone":
            await self._disable(endpoint, "gone")
        elif verdict.disable == "failing":
            await self._disable(endpoint, "failing", delivery.begun_at or attempt.at)

    async def _disable(self, endpoint: Endpoint, reason: Reason, since: datetime | None = None) -> None:
        if await self._endpoints.disable(endpoint.id, reason, self._now(), since):
            log.warning("webhook disabled", webhook=endpoint.id, reason=reason)

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        """Again and again while the store is away, as long as the lease lasts. Raises Unavailable then."""
        clock = asyncio.get_running_loop()
        until = clock.time() + self._pace.lease.total_seconds()
        while True:
            try:
                return await call()
            except Unavailable:
                if clock.time() >= until:
                    raise
            await asyncio.sleep(self._pace.away.total_seconds())
