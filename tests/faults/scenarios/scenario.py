"""Definition of a scenario, and the context in which it injects faults."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.faults.faulty_system import FaultySystem
from tests.faults.messages import Messages
from tests.faults.point_schedule import PointSchedule
from tests.faults.response_checks import Call
from tests.faults.tolerance import Tolerance
from tests.faults.traffic import Traffic

BROKEN_S = (0.2, 1.4)
# Sometimes long enough for dependants to report that they are not ready.
LONG_S = (6.0, 8.0)
ONE_IN = 6
# Returns False if nothing was broken.
Break = Callable[["ScenarioContext"], Awaitable[bool]]
MAY_REPEAT = frozenset({"notification>mail", "notification>mongo"})


@dataclass(frozen=True)
class ScenarioContext:
    """What an injection works with; `touched` collects the links that the current one broke,
    `missed` those of them that nothing met before another was chosen,
    `stops` the times of SIGTERM by the monotonic clock, `unmet` what an injection found wrong, `tolerance`
    the times at which a mail may be repeated.
    """

    system: FaultySystem
    messages: Messages
    traffic: Traffic
    rng: random.Random
    schedule: PointSchedule
    touched: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    stops: list[float] = field(default_factory=list)
    unmet: list[str] = field(default_factory=list)
    tolerance: Tolerance = field(default_factory=Tolerance)

    async def pause(self, between: tuple[float, float] = BROKEN_S) -> None:
        await asyncio.sleep(self.rng.uniform(*between))

    async def pause_sometimes_long(self) -> None:
        """Waits, sometimes long enough for readiness probes to notice."""
        await self.pause(LONG_S if self.rng.randrange(ONE_IN) == 0 else BROKEN_S)


def anywhere(_: FaultySystem) -> bool:
    return True


def may_repeat(link: str) -> bool:
    """Returns True for links between accepting a mail and recording it: a fault there may repeat a mail."""
    return link in MAY_REPEAT or link.endswith(">rabbitmq")


@dataclass(frozen=True)
class Scenario:
    """One kind of fault, injected `times` times in a whole run; the system heals it afterwards.

    `may_repeat_mails`: the same mail may arrive twice, because a process or connection can end between the
    mail server's acceptance and our record of it. `is_graceful`: no connection may break, those of
    long requests included (`has_long_requests`). `over_links`:
    clients use gateways through proxies. `dead_letters`: expected per injection. `cost`: duration relative to
    other scenarios. `is_possible`: whether this machine permits it.
    """

    name: str
    times: int
    inject: Break
    may_repeat_mails: bool = False
    is_graceful: bool = False
    has_long_requests: bool = True
    over_links: bool = False
    dead_letters: int = 0
    cost: float = 1.0
    is_possible: Callable[[FaultySystem], bool] = anywhere

    @property
    def cuts_clients(self) -> bool:
        """Whether a client's own connection is a part of the fault."""
        return self.over_links or not {"gateway", "gateway-2", "every"}.isdisjoint(self.name.split())

    def may_break_off(self, request: str) -> bool:
        """Whether `request`, which begins with its call, may end without a response.

        A download that has begun cannot end with another status.
        """
        return not self.is_graceful and (self.cuts_clients or request.startswith(Call.DOWNLOAD.label))
