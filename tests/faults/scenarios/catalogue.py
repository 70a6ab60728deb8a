"""All scenarios with their names for `--only` and their number of injections in a whole run."""

import signal
from collections.abc import Callable, Sequence

from tests.faults.fail_points import names, role_of
from tests.faults.faulty_system import SERVERS, SERVICES, WORKERS, FaultySystem
from tests.faults.messages import Messages
from tests.faults.point_schedule import REPLICATED
from tests.faults.proxy import LinkState
from tests.faults.scenarios import clocks, events, links, media, processes, servers
from tests.faults.scenarios.scenario import Break, Scenario
from tests.faults.scenarios.steps import at_a_step

# Cost of a link fault: shorter than the start of a process.
LINK = 0.45
# Without auth: token lifetimes depend on its clock.
STEADY = tuple(name for name in SERVICES if name != "auth")


def every() -> list[Scenario]:
    return [
        *(_about(f"kill {name}", 2, processes.killed(name)) for name in (*SERVICES, *SERVERS)),
        *(
            _about(f"die at a step of {name}", _each(name), at_a_step(name, signal.SIGKILL))
            for name in SERVICES
        ),
        *(
            _graceful(f"stop at a step of {name}", _each(name), at_a_step(name, signal.SIGTERM))
            for name in SERVICES
        ),
        *(_about(f"sleep at a step of {name}", 3, at_a_step(name, signal.SIGSTOP)) for name in WORKERS),
        *(_graceful(f"stop {name}", 1, processes.stopped(name)) for name in SERVICES),
        *(
            Scenario(
                f"stop {name} beside kept connections",
                2,
                processes.stopped(name),
                is_graceful=True,
                has_long_requests=False,
            )
            for name in SERVICES
            if name not in WORKERS
        ),
        _graceful("restart one after the other", 2, processes.rolling),
        *(_about(f"freeze {name}", 1, processes.frozen(name)) for name in (*SERVICES, *SERVERS)),
        *(
            Scenario(f"link {each.value}", 60, links.state(each), over_links=True, cost=LINK)
            for each in LinkState
            if each.is_fault
        ),
        _about("mail taken without an answer", 3, links.mail_taken_without_an_answer),
        _about("kill every service at once", 3, processes.all_killed),
        _about("broker out of memory", 3, servers.alarm),
        _about("events twice and out of order", 12, events.repeated),
        _about("events twice at once", 3, events.at_once),
        Scenario("malformed messages", 6, events.malformed, dead_letters=len(Messages.MALFORMED)),
        *(Scenario(f"clock of {name} jumps", 2, clocks.jumps(name)) for name in STEADY),
        Scenario(
            "a file that crashes ffmpeg",
            3,
            media.crash,
            is_possible=lambda system: system.crashing_ffmpeg.is_available,
        ),
        Scenario(
            "no room for the workers", 4, servers.disk_full("scratch"), is_possible=_has_disk("scratch")
        ),
        Scenario(
            "no room for mongo",
            4,
            servers.disk_full("mongo"),
            may_repeat_mails=True,
            is_possible=_has_disk("mongo"),
        ),
    ]


def of_a_set() -> list[Scenario]:
    """Scenarios for a system with a replica set of three MongoDB servers."""
    return [
        _about("primary mongo steps down", 8, servers.stepped_down),
        _about("primary mongo dies", 8, servers.primary_killed),
    ]


def chosen(scenarios: Sequence[Scenario], wanted: str) -> list[Scenario]:
    """Returns the scenarios whose name contains `wanted`."""
    return [scenario for scenario in scenarios if wanted in scenario.name]


def _each(name: str) -> int:
    """Number of injections that reaches every point of a role; replicas share the points."""
    replicas = 2 if role_of(name) in REPLICATED else 1
    return -(-len(names(role_of(name))) // replicas)


def _has_disk(name: str) -> Callable[[FaultySystem], bool]:
    return lambda system: name in system.disks


def _about(name: str, times: int, inject: Break) -> Scenario:
    """A scenario in which a mail may be repeated if it affects the sender, its servers or their links."""
    words = {"notification", "mail", "mongo", "every"}
    return Scenario(name, times, inject, may_repeat_mails=not words.isdisjoint(name.split()))


def _graceful(name: str, times: int, inject: Break) -> Scenario:
    """A scenario of graceful stops, in which no connection may break and no mail may be repeated."""
    return Scenario(name, times, inject, is_graceful=True)
