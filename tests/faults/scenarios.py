"""What is broken, one thing at a time. Each breaks it, waits a while, and leaves the healing to the world."""

import asyncio
import contextlib
import random
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.messages import Messages
from tests.faults.proxy import Weather
from tests.faults.world import SERVERS, SERVICES, World
from tests.support.wait import until

# Longer than a lease, so that whoever thaws is a zombie.
FROZEN_S = (4.0, 6.0)
BROKEN_S = (0.3, 3.0)
HIT_WITHIN_S = 12.0
# A lease, and a round of the sweeper.
TAKEN_OVER_WITHIN_S = 15.0
WORKERS = ("worker", "worker-2")
Break = Callable[["Stage"], Awaitable[None]]


@dataclass(frozen=True)
class Stage:
    """What a scenario has at hand."""

    world: World
    messages: Messages
    dice: random.Random

    async def some_time(self, between: tuple[float, float] = BROKEN_S) -> None:
        await asyncio.sleep(self.dice.uniform(*between))


@dataclass(frozen=True)
class Scenario:
    """`times` is how often a whole run does it.

    `may_repeat_mails`: a mail may come twice, the very same, where a process or a connection can end between
    the server's taking a mail and our record of it. Nowhere else. `is_graceful`: no connection breaks while
    somebody waits for an answer. `dead_letters` belong to each injection.
    """

    name: str
    times: int
    break_it: Break
    may_repeat_mails: bool = False
    is_graceful: bool = False
    dead_letters: int = 0


def every() -> list[Scenario]:
    """All of them, each with a name that the command line takes."""
    return [
        *(_about(f"kill {name}", 10, _killed(name)) for name in (*SERVICES, *SERVERS)),
        *(_about(f"die at a step of {name}", 16, _at_a_step(name, signal.SIGKILL)) for name in SERVICES),
        *(_about(f"sleep at a step of {name}", 6, _at_a_step(name, signal.SIGSTOP)) for name in WORKERS),
        *(Scenario(f"stop {name}", 6, _stopped(name), is_graceful=True) for name in SERVICES),
        Scenario("restart one after the other", 3, _rolling, is_graceful=True),
        *(_about(f"freeze {name}", 6, _frozen(name)) for name in (*SERVICES, *SERVERS)),
        *(_about(f"link {weather.value}", 32, _weather(weather)) for weather in Weather if weather.is_foul),
        _about("kill every service at once", 8, _all_killed),
        _about("broker out of memory", 8, _alarm),
        _about("events twice and out of order", 16, _repeated),
        Scenario("malformed messages", 8, _malformed, dead_letters=len(Messages.MALFORMED)),
        Scenario("no room for the workers", 8, _disk_full("scratch")),
        _about("no room for mongo", 6, _disk_full("mongo")),
    ]


def of_a_set() -> list[Scenario]:
    """For a world on three MongoDB servers."""
    return [
        _about("primary mongo steps down", 8, _stepped_down),
        _about("primary mongo dies", 8, _primary_killed),
    ]


def _about(name: str, times: int, break_it: Break) -> Scenario:
    """Whatever touches the one who sends mail, whom it asks, or what is between them."""
    words = {"notification", "mail", "mongo", "link", "every"}
    return Scenario(name, times, break_it, may_repeat_mails=not words.isdisjoint(name.split()))


def _killed(name: str) -> Break:
    async def break_it(stage: Stage) -> None:
        await asyncio.to_thread(stage.world.kill, name)
        await stage.some_time((0.0, 1.0))

    return break_it


def _stopped(name: str) -> Break:
    async def break_it(stage: Stage) -> None:
        await asyncio.to_thread(stage.world.stop, name)

    return break_it


async def _rolling(stage: Stage) -> None:
    """Every service, while the others go on; where there are two of a kind the second follows the first."""
    for name in SERVICES:
        await asyncio.to_thread(stage.world.stop, name)
        await asyncio.to_thread(stage.world.start, name)


def _frozen(name: str) -> Break:
    async def break_it(stage: Stage) -> None:
        stage.world.freeze(name)
        await stage.some_time(FROZEN_S)

    return break_it


def _at_a_step(name: str, fate: signal.Signals) -> Break:
    """Between two of its steps, whichever traffic comes by first; a step that nobody takes is let go.

    Who sleeps there does so for longer than its lease: it wakes as a zombie.
    """

    async def break_it(stage: Stage) -> None:
        point = stage.dice.choice(stage.world.points_of(name))
        await hit(stage, name, point, fate)

    return break_it


async def hit(stage: Stage, name: str, point: str, fate: signal.Signals) -> bool:
    """False when nobody came by in time."""
    points = stage.world.points(name)
    points.arm(point, fate)
    try:
        await until(lambda: points.is_hit(point), timeout_s=HIT_WITHIN_S, what=point)
    except AssertionError:
        if points.disarm(point):
            return False
    if fate is signal.SIGKILL:
        await until(lambda: not stage.world.is_alive(name), what=f"{name} to die at {point}")
    else:
        await _until_somebody_else_did_it(stage.world)
    return True


async def _until_somebody_else_did_it(world: World) -> None:
    """Or for long enough: not at every step does a sleeper hold something."""
    before = world.taken_over()
    with contextlib.suppress(AssertionError):
        await until(lambda: world.taken_over() > before, timeout_s=TAKEN_OVER_WITHIN_S)


def _weather(weather: Weather) -> Break:
    """On any of the links between two processes."""

    async def break_it(stage: Stage) -> None:
        stage.world.turn(stage.dice.choice(sorted(stage.world.proxies.links)), weather)
        await stage.some_time()

    return break_it


async def _all_killed(stage: Stage) -> None:
    for name in SERVICES:
        await asyncio.to_thread(stage.world.kill, name)


async def _alarm(stage: Stage) -> None:
    """Publishers are blocked while the broker has less memory than it wants."""
    control = stage.world.stack.rabbitmq.control
    await asyncio.to_thread(control, "set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        await stage.some_time()
    finally:
        await asyncio.to_thread(control, "set_vm_memory_high_watermark", "0.4")


async def _repeated(stage: Stage) -> None:
    await stage.messages.repeat(20, stage.dice)


async def _malformed(stage: Stage) -> None:
    await stage.messages.publish_malformed()


def _disk_full(name: str) -> Break:
    """Where it has a disk of its own, which takes the right to mount one."""

    async def break_it(stage: Stage) -> None:
        if disk := stage.world.disks.get(name):
            await asyncio.to_thread(disk.fill)
            await stage.some_time()

    return break_it


async def _stepped_down(stage: Stage) -> None:
    if stage.world.members:
        await asyncio.to_thread(stage.world.members.step_down)
        await stage.some_time()


async def _primary_killed(stage: Stage) -> None:
    if stage.world.members and (primary := await asyncio.to_thread(stage.world.members.primary)):
        await asyncio.to_thread(primary.kill)
        await stage.some_time()
