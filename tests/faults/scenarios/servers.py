"""What servers do when they lack something, or one of several goes."""

import asyncio

from tests.faults.scenarios.scenario import Break, Stage


async def alarm(stage: Stage) -> bool:
    """Publishers are blocked while the broker has less memory than it wants."""
    control = stage.world.stack.rabbitmq.control
    await asyncio.to_thread(control, "set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        await stage.short_or_long()
        raised = await asyncio.to_thread(control, "eval", "rabbit_alarm:get_alarms().")
    finally:
        await asyncio.to_thread(control, "set_vm_memory_high_watermark", "0.4")
    return "memory" in raised


def disk_full(name: str) -> Break:
    """Where it has a disk of its own, which takes the right to mount one."""

    async def break_it(stage: Stage) -> bool:
        disk = stage.world.disks.get(name)
        if disk is None:
            return False
        is_full = await asyncio.to_thread(disk.fill)
        await stage.some_time()
        return is_full

    return break_it


async def stepped_down(stage: Stage) -> bool:
    if stage.world.members is None:
        return False
    await asyncio.to_thread(stage.world.members.step_down)
    await stage.some_time()
    return True


async def primary_killed(stage: Stage) -> bool:
    if not stage.world.members or not (primary := await asyncio.to_thread(stage.world.members.primary)):
        return False
    await asyncio.to_thread(primary.kill)
    await stage.some_time()
    return True
