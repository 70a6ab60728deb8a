"""What a scenario is, and what it has at hand."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.deck import Deck
from tests.faults.messages import Messages
from tests.faults.traffic import Traffic
from tests.faults.world import World

BROKEN_S = (0.3, 3.0)
# False when nothing was broken after all.
Break = Callable[["Stage"], Awaitable[bool]]


@dataclass(frozen=True)
class Stage:
    """`deck` holds the fail points that are still to be hit."""

    world: World
    messages: Messages
    traffic: Traffic
    dice: random.Random
    deck: Deck

    async def some_time(self, between: tuple[float, float] = BROKEN_S) -> None:
        await asyncio.sleep(self.dice.uniform(*between))


@dataclass(frozen=True)
class Scenario:
    """`times` is how often a whole run does it. It breaks something, waits a while, and leaves the healing to
    the world.

    `may_repeat_mails`: a mail may come twice, the very same, where a process or a connection can end between
    the server's taking a mail and our record of it. Nowhere else. `is_graceful`: no connection breaks while
    somebody waits for an answer. `over_links`: clients reach the gateways over links, which can break too.
    `dead_letters` belong to each injection.
    """

    name: str
    times: int
    break_it: Break
    may_repeat_mails: bool = False
    is_graceful: bool = False
    over_links: bool = False
    dead_letters: int = 0
