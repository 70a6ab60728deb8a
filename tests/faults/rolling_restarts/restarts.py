"""Restarts of every service by SIGTERM at random moments: services side by side, their replicas in turn."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from devstack.stack import Stack

# Service → its processes, of which one is stopped at a time.
REPLICAS: Mapping[str, Sequence[str]] = {
    "gateway": ("gateway", "gateway-2"),
    "auth": ("auth",),
    "converter": ("converter",),
    "worker": ("worker",),
    "notification": ("notification",),
}


@dataclass
class Restarts:
    """Number of restarts by service, and a message for each process that did not exit with 0."""

    count: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    async def of_every_service(self, stack: Stack, count: int, seed: int, pause_s: float) -> None:
        """Restarts each service `count` times."""
        async with asyncio.TaskGroup() as tasks:
            for service in REPLICAS:
                rng = random.Random(f"{seed} {service} restarts")
                tasks.create_task(self._restart(stack, service, count, rng, pause_s))

    async def _restart(
        self, stack: Stack, service: str, count: int, rng: random.Random, pause_s: float
    ) -> None:
        names = REPLICAS[service]
        for number in range(count):
            replica = stack.service(names[number % len(names)])
            await asyncio.sleep(rng.uniform(0.0, pause_s))
            process, began = replica.process, time.monotonic()
            await asyncio.to_thread(replica.stop)
            if (code := process.exit_code) != 0:
                self.wrong.append(f"{replica.name} ended with {code} after {time.monotonic() - began:.1f} s")
            await asyncio.to_thread(replica.start)
            self.count[service] += 1
