"""Stops of notification_service by SIGTERM lose no mail or webhook and repeat none."""

from collections import Counter
from pathlib import Path

from devstack.stack import Stack
from tests.faults.fail_points import names
from tests.faults.stops.outages import FAULTS
from tests.faults.stops.run import StopReport, run_stops

STOPS = 6


async def test_no_mail_and_no_webhook_is_lost_or_sent_twice(
    servers: Stack, tmp_path: Path, amqp_url: str, mongo_url: str
) -> None:
    report = await run_stops(servers, tmp_path, amqp_url=amqp_url, mongo_url=mongo_url, stops=STOPS, seed=1)
    assert report.problems == []
    assert report.events > 0
    assert report.points.total() + report.moments == STOPS
    assert report.points
    assert report.moments


async def test_an_outage_that_comes_with_a_stop_loses_and_repeats_nothing_either(
    servers: Stack, tmp_path: Path, amqp_url: str, mongo_url: str
) -> None:
    urls = {"amqp_url": amqp_url, "mongo_url": mongo_url}
    # Another seed than above: the mail sink keeps the mails of all tests, and equal seeds give equal events.
    report = await run_stops(servers, tmp_path, **urls, stops=len(FAULTS), seed=2, outages=FAULTS)
    assert report.problems == []
    assert report.events > 0
    assert dict(report.outages) == dict.fromkeys(FAULTS, 1)


def test_a_fail_point_at_which_nothing_was_stopped_is_named() -> None:
    every = names("notification")
    assert StopReport(1, Counter(every), 0, 0.0).never_hit == []
    assert StopReport(1, Counter(every[1:]), 0, 0.0).never_hit == [every[0]]
