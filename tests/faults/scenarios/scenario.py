"""What a scenario is, and what it has at hand."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.faults.faulty_system import FaultySystem
from tests.faults.messages import Messages
from tests.faults.point_schedule import PointSchedule
from tests.faults.traffic import Traffic

BROKEN_S = (0.2, 1.4)
# Now and then for so long that whoever lacks it has to say that it is not ready.
LONG_S = (6.0, 8.0)
ONE_IN = 6
# False when nothing was broken after all.
Break = Callable[["ScenarioContext"], Awaitable[bool]]
MAY_REPEAT = frozenset({"notification>mail", "notification>mongo"})


@dataclass(frozen=True)
class ScenarioContext:
    """What an injection works with; `touched` collects the links that were broken."""

    system: FaultySystem
    messages: Messages
    traffic: Traffic
    rng: random.Random
    schedule: PointSchedule
    touched: list[str] = field(default_factory=list)

    async def pause(self, between: tuple[float, float] = BROKEN_S) -> None:
        await asyncio.sleep(self.rng.uniform(*between))

    async def pause_sometimes_long(self) -> None:
        """How long a thing is broken of which somebody should tell."""
        await self.pause(LONG_S if self.rng.randrange(ONE_IN) == 0 else BROKEN_S)


def anywhere(_: FaultySystem) -> bool:
    return True


def may_repeat(link: str) -> bool:
    """Whether a mail may come twice when this link breaks: it lies between taking a mail and its record."""
    return link in MAY_REPEAT or link.endswith(">rabbitmq")


@dataclass(frozen=True)
class Scenario:
    """`times` is how often a whole run does it. It breaks something, waits a while, and leaves the healing to
    the system.

    `may_repeat_mails`: a mail may come twice, the very same, where a process or a connection can end between
    the server's taking a mail and our record of it. Nowhere else. `is_graceful`: no connection breaks while
    somebody waits for an answer. `over_links`: clients reach the gateways over links, which can break too.
    `dead_letters` belong to each injection.
    `cost` is what one takes beside that of other scenarios. `is_possible` where this machine lets us do it.
    """

    name: str
    times: int
    inject: Break
    may_repeat_mails: bool = False
    is_graceful: bool = False
    over_links: bool = False
    dead_letters: int = 0
    cost: float = 1.0
    is_possible: Callable[[FaultySystem], bool] = anywhere
