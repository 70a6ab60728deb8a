"""Stops of notification_service by SIGTERM lose no mail or webhook and repeat none."""

from pathlib import Path

from devstack.stack import Stack
from tests.faults.stops.run import run_stops

STOPS = 10


async def test_no_mail_and_no_webhook_is_lost_or_sent_twice(
    servers: Stack, tmp_path: Path, amqp_url: str, mongo_url: str
) -> None:
    report = await run_stops(servers, tmp_path, amqp_url=amqp_url, mongo_url=mongo_url, stops=STOPS, seed=1)
    assert report.problems == []
    assert report.events > 0
    assert report.points.total() + report.moments == STOPS
