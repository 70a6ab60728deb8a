"""Faults of servers: low memory, full disk, loss of the primary."""

import asyncio

from tests.faults.scenarios.scenario import Break, ScenarioContext


async def alarm(context: ScenarioContext) -> bool:
    """Triggers RabbitMQ's memory alarm, which blocks publishers."""
    control = context.system.stack.rabbitmq.control
    await asyncio.to_thread(control, "set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        await context.pause_sometimes_long()
        raised = await asyncio.to_thread(control, "eval", "rabbit_alarm:get_alarms().")
    finally:
        await asyncio.to_thread(control, "set_vm_memory_high_watermark", "0.4")
    return "memory" in raised


def disk_full(name: str) -> Break:
    """Fills a disk, if it could be mounted."""

    async def inject(context: ScenarioContext) -> bool:
        disk = context.system.disks.get(name)
        if disk is None:
            return False
        is_full = await asyncio.to_thread(disk.fill)
        await context.pause()
        return is_full

    return inject


async def stepped_down(context: ScenarioContext) -> bool:
    if context.system.members is None:
        return False
    await asyncio.to_thread(context.system.members.step_down)
    await context.pause()
    return True


async def primary_killed(context: ScenarioContext) -> bool:
    if not context.system.members or not (primary := await asyncio.to_thread(context.system.members.primary)):
        return False
    await asyncio.to_thread(primary.kill)
    await context.pause()
    return True
