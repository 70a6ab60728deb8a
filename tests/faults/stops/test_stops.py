"""Stops of notification_service by SIGTERM lose no mail or webhook and repeat none."""

from collections import Counter
from pathlib import Path

from devstack.stack import Stack
from tests.faults.fail_points import HAND_ON, names, names_of
from tests.faults.stops.expectations import ORPHANED, RECORDED, Received
from tests.faults.stops.outages import FAULTS, Outage
from tests.faults.stops.points import reachable
from tests.faults.stops.report import TAKEOVERS_FROM, StopReport, lines
from tests.faults.stops.run import run_stops

STOPS = 6
ONCE = {"message": (10.0,)}


async def test_no_mail_and_no_webhook_is_lost_or_sent_twice(
    servers: Stack, tmp_path: Path, amqp_url: str, mongo_url: str
) -> None:
    report = await run_stops(servers, tmp_path, amqp_url=amqp_url, mongo_url=mongo_url, stops=STOPS, seed=1)
    assert report.problems == []
    assert report.events > 0
    assert report.orphaned > 0
    assert report.handed_on > 0
    assert report.points.total() + report.moments == STOPS
    assert report.points
    assert report.moments


async def test_an_outage_that_comes_with_a_stop_loses_and_repeats_nothing_either(
    servers: Stack, tmp_path: Path, amqp_url: str, mongo_url: str
) -> None:
    urls = {"amqp_url": amqp_url, "mongo_url": mongo_url}
    report = await run_stops(servers, tmp_path, **urls, stops=len(FAULTS), seed=2, outages=FAULTS)
    assert report.problems == []
    assert report.events > 0
    assert dict(report.outages) == dict.fromkeys(FAULTS, 1)


def test_a_fail_point_at_which_nothing_was_stopped_is_named() -> None:
    every = names("notification")
    assert _report(Counter(every), every).never_hit == []
    assert _report(Counter(every[1:]), every).never_hit == [every[0]]


def test_only_a_run_with_outages_of_mongodb_has_to_reach_the_points_of_handing_on() -> None:
    without = {*names("notification")} - {*names_of(HAND_ON)}
    assert {*reachable((Outage.NONE,))} == without
    assert {*reachable(FAULTS)} == {*names("notification")}


def test_what_a_gone_process_has_sent_must_not_be_sent_again() -> None:
    report = _report(Counter(), ())
    report.count("a", RECORDED, Received({}, {}), 20.0)
    assert report.problems == []
    report.count("b", RECORDED, Received(ONCE, {}), 20.0)
    assert len(report.twice) == 1
    report.count("c", RECORDED, Received({}, ONCE), 20.0)
    assert len(report.twice) == 2


def test_what_a_gone_process_has_not_sent_must_be_sent_once() -> None:
    report = _report(Counter(), ())
    report.count("a", ORPHANED, Received(ONCE, ONCE), 20.0)
    assert report.problems == []
    report.count("b", ORPHANED, Received({}, ONCE), 20.0)
    assert len(report.lost) == 1
    report.count("c", ORPHANED, Received({"message": (10.0, 11.0)}, {"one": (10.0,), "two": (10.0,)}), 20.0)
    assert len(report.twice) == 2


def test_takeovers_count_before_the_last_stop_only() -> None:
    report = _report(Counter(), (), stops=TAKEOVERS_FROM)
    report.count("a", ORPHANED, Received(ONCE, ONCE), 9.0)
    assert "no mail was taken over before the last stop" in lines(report, 1.0)
    assert "no webhook was taken over before the last stop" in lines(report, 1.0)
    report.count("b", ORPHANED, Received(ONCE, ONCE), 11.0)
    assert report.taken_over == {"mail": 1, "webhook": 1}
    assert not any("before the last stop" in line for line in lines(report, 1.0))
    assert report.problems == []


def _report(points: Counter[str], wanted: tuple[str, ...] | list[str], stops: int = 1) -> StopReport:
    return StopReport(stops, points, 0, 0.0, wanted)
