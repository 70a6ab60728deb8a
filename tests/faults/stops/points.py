"""Fail points at which notification_service is stopped, in an order set by the seed."""

import random
from collections.abc import Iterable

from tests.faults.fail_points import HAND_ON, names, names_of
from tests.faults.stops.outages import Outage

# Handing a record on → the step before it, at which a message is sent and not recorded.
UNRECORDED = {"mail-hand-on": "before-ledger-sent", "webhook-hand-on": "before-webhook-settle"}


def reachable(outages: Iterable[Outage]) -> list[str]:
    """Returns the fail points that a run with these outages reaches."""
    has_mongo = not any(each.is_without_mongo for each in outages)
    return [each for each in names("notification") if not (has_mongo and each in names_of(HAND_ON))]


def unrecorded(point: str) -> str | None:
    """Returns the point before a record that has to be handed on for `point`; None for all other points."""
    return UNRECORDED.get(point.partition("-")[2])


class PointOrder:
    """Draws points: all are drawn before any is repeated, apart for stops with and without MongoDB."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._waiting: dict[bool, list[str]] = {True: [], False: []}

    def draw(self, outage: Outage) -> str:
        waiting = self._waiting[outage.is_without_mongo]
        if not waiting:
            waiting += reachable([outage])
            self._rng.shuffle(waiting)
        return waiting.pop()

    def put_back(self, point: str, outage: Outage) -> None:
        """Draws a point again that was not reached, after the others."""
        self._waiting[outage.is_without_mongo].insert(0, point)
