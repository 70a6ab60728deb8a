"""Result of a run, and its lines."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tests.faults.stops.expectations import Expected, Received
from tests.faults.stops.outages import Outage

# In fewer stops few processes live long enough.
TAKEOVERS_FROM = 200


@dataclass
class StopReport:
    """`problems` is empty if each event had the mails and webhooks that it had to have.

    `reachable` are the fail points that the run reaches; `orphaned` counts the events whose mail and webhook
    a gone process had claimed and not sent, `taken_over` the mails and webhooks of these that were sent
    before the last stop.
    """

    stops: int
    points: Counter[str]
    moments: int
    slowest_s: float
    reachable: Sequence[str]
    long_lives: int = 0
    events: int = 0
    orphaned: int = 0
    handed_on: int = 0
    taken_over: Counter[str] = field(default_factory=Counter)
    outages: Counter[Outage] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def never_hit(self) -> list[str]:
        """Fail points at which no process was stopped."""
        return sorted(set(self.reachable) - set(self.points))

    @property
    def problems(self) -> list[str]:
        return [*self.lost, *self.twice, *self.wrong]

    def count(self, identity: str, expected: Expected, received: Received, stopped_at: float) -> None:
        """Adds one event. `stopped_at`: time of the last stop, in seconds since the epoch."""
        self.events += 1
        self.lost += [f"{identity}: {each}" for each in received.lost(expected)]
        self.twice += [f"{identity}: {each}" for each in received.twice(expected)]
        self.handed_on += not (expected.mails or expected.webhooks)
        if expected.is_orphaned:
            self.orphaned += 1
            self.taken_over.update(_before(stopped_at, received))


def _before(moment: float, received: Received) -> Mapping[str, int]:
    return {
        kind: any(time < moment for times in arrivals.values() for time in times)
        for kind, arrivals in received.by_kind().items()
    }


def lines(report: StopReport, took_s: float) -> list[str]:
    """Figures of a run, then its problems."""
    stopped = (
        f"{report.stops} stops in {took_s:.0f} s, the slowest {report.slowest_s:.1f} s: "
        f"{report.points.total()} at {len(report.points)} of {len(report.reachable)} fail points, "
        f"{report.moments} at random moments, {report.long_lives} after more than a handover"
    )
    counted = (
        f"{report.events} events: {len(report.lost)} lost, {len(report.twice)} sent twice, "
        f"{len(report.wrong)} otherwise wrong"
    )
    claimed = (
        f"claimed by gone processes: {report.handed_on} events that were handed on, {report.orphaned} that "
        f"were not; of these {report.taken_over['mail']} mails and {report.taken_over['webhook']} webhooks "
        "were taken over while stops went on"
    )
    outages = [f"{outage.value}: {count}" for outage, count in report.outages.items()]
    never = [f"never hit: {', '.join(report.never_hit)}"] if report.never_hit else []
    return [stopped, *outages, counted, claimed, *_without_takeover(report), *never, *report.problems]


def _without_takeover(report: StopReport) -> list[str]:
    if report.stops < TAKEOVERS_FROM:
        return []
    kinds = [kind for kind in ("mail", "webhook") if not report.taken_over[kind]]
    return [f"no {kind} was taken over before the last stop" for kind in kinds]
