"""Dispatcher of due deliveries: fair between accounts and endpoints, in any number of processes."""

import asyncio
import contextlib
import random
from datetime import timedelta

from notification_service.takeover import Takeover
from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.ports import Deliveries, Lane, Sender
from notification_service.webhooks.retry_policy import DispatchPolicy
from shared.errors import Unavailable
from shared.logs import get_logger

log = get_logger(__name__)


class WebhookDispatcher:
    """Claims due deliveries and sends each in a task, within the limits of `policy`.

    A delivery whose process died is sent again, with the same message id, when its lease has expired and
    `takeover` allows it.
    """

    def __init__(
        self, deliveries: Deliveries, sender: Sender, policy: DispatchPolicy, takeover: Takeover
    ) -> None:
        self._deliveries, self._sender, self._policy = deliveries, sender, policy
        self._takeover = takeover
        self._running: dict[asyncio.Task[None], Lane] = {}
        self._woken, self._over = asyncio.Event(), asyncio.Event()
        self._stopping = self._started = False

    def wake(self) -> None:
        """Looks for due deliveries now instead of at the next poll."""
        self._woken.set()

    async def run(self) -> None:
        """Dispatches until `stop` is called; returns when no delivery is in flight."""
        self._started = True
        try:
            async with asyncio.TaskGroup() as sends:
                await self._dispatch(sends)
        finally:
            self._over.set()

    async def stop(self, grace: timedelta) -> None:
        """Starts no new deliveries, waits up to `grace` for those in flight, then cancels them.

        A delivery that is being claimed at this moment is in flight, too: `run` starts it and waits for it.
        """
        self._stopping = True
        self.wake()
        if not self._started:
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace.total_seconds()):
                await self._over.wait()
        for task in list(self._running):
            task.cancel()
        await self._over.wait()

    async def _dispatch(self, sends: asyncio.TaskGroup) -> None:
        """Starts due deliveries; pauses while the store is unavailable."""
        while not self._stopping:
            self._woken.clear()
            try:
                pause = self._policy.poll
                if await self._dispatch_round(sends):
                    continue
            except Unavailable as unavailable:
                log.warning("webhook store unavailable, dispatch paused", reason=str(unavailable))
                pause = self._policy.store_pause
            except Exception:  # the loop must survive: without it no later delivery is sent
                log.exception("webhook dispatch failed")
                pause = self._policy.store_pause
            if self._stopping:
                return
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause.total_seconds()):
                    await self._woken.wait()

    async def _dispatch_round(self, sends: asyncio.TaskGroup) -> int:
        """Starts one delivery per lane with free capacity, in random order; returns how many it started."""
        if len(self._running) >= self._policy.concurrency:
            return 0
        lanes = list(await self._deliveries.due_lanes())
        random.shuffle(lanes)
        started = 0
        for lane in lanes:
            if self._stopping or len(self._running) >= self._policy.concurrency:
                break
            if not self._has_capacity(lane):
                continue
            takeover = await self._takeover.allowed()
            now = asyncio.get_running_loop().time()
            if claimed := await self._deliveries.claim(lane, self._policy.lease, takeover=takeover):
                task = sends.create_task(self._send(lane, claimed, now))
                self._running[task] = lane
                task.add_done_callback(self._on_done)
                started += 1
        return started

    def _has_capacity(self, lane: Lane) -> bool:
        lanes = list(self._running.values())
        owned = sum(each.owner_id == lane.owner_id for each in lanes)
        return lanes.count(lane) < self._policy.per_endpoint and owned < self._policy.per_account

    async def _send(self, lane: Lane, claimed: Delivery, claimed_at: float) -> None:
        try:
            await self._sender.send(lane, claimed, claimed_at)
        except Exception:  # one delivery must not end the others
            log.exception("webhook delivery failed unexpectedly, will be sent again", message=claimed.id)

    def _on_done(self, task: asyncio.Task[None]) -> None:
        del self._running[task]
        self.wake()
