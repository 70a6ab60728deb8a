"""Restarts of the five services by SIGTERM, one after the other, at random moments."""

import asyncio
import random
import time

from devstack.stack import Stack

SERVICES = ("gateway", "auth", "converter", "worker", "notification")


async def restart_in_turn(stack: Stack, count: int, rng: random.Random, pause_s: float) -> list[str]:
    """Returns a message for each process that did not exit with 0. Each turn has another order."""
    wrong, turn = [], list[str]()
    for _ in range(count):
        if not turn:
            turn = list(SERVICES)
            rng.shuffle(turn)
        service = stack.service(turn.pop())
        await asyncio.sleep(rng.uniform(0.0, pause_s))
        process, began = service.process, time.monotonic()
        await asyncio.to_thread(service.stop)
        if (code := process.exit_code) != 0:
            wrong.append(f"{service.name} ended with {code} after {time.monotonic() - began:.1f} s")
        await asyncio.to_thread(service.start)
    return wrong
