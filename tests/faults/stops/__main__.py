"""Command line: `python -m tests.faults.stops [--stops N] [--seed N]`.

Prints the figures; the exit code is 1 if a mail or webhook was lost or sent twice, or a
fail point never hit: with fewer than twice as many stops as points some are not reached.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from pathlib import Path

from devstack.stack import Stack
from tests.faults import termination
from tests.faults.fail_points import names
from tests.faults.stops.outages import FAULTS, Outage
from tests.faults.stops.run import StopReport, run_stops

STOPS = 200
SERVERS = ("mongo", "rabbitmq", "mail")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.stops", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="order of the stops")
    parser.add_argument("--stops", type=int, default=STOPS, help=f"number of stops, default {STOPS}")
    parser.add_argument("--outages", action="store_true", help="each stop comes with an outage, in turn")
    options = parser.parse_args()
    termination.exit_on_sigterm()
    print(f"seed {options.seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tonegate-stops-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        with Stack(Path(path) / "stack") as stack:
            stack.start(*SERVERS)
            report = asyncio.run(
                run_stops(
                    stack,
                    Path(path) / "points",
                    amqp_url=stack.rabbitmq.url(),
                    mongo_url=stack.mongo.url("tonegate_notification"),
                    stops=options.stops,
                    seed=options.seed,
                    outages=FAULTS if options.outages else (Outage.NONE,),
                )
            )
    print(*lines(report, time.monotonic() - began), sep="\n")
    return 1 if report.problems or report.never_hit else 0


def lines(report: StopReport, took_s: float) -> list[str]:
    """Figures of a run, then its problems."""
    points = names("notification")
    stopped = (
        f"{report.stops} stops in {took_s:.0f} s, the slowest {report.slowest_s:.1f} s: "
        f"{report.points.total()} at {len(report.points)} of {len(points)} fail points, "
        f"{report.moments} at random moments"
    )
    counted = (
        f"{report.events} events: {len(report.lost)} lost, {len(report.twice)} sent twice, "
        f"{len(report.wrong)} otherwise wrong"
    )
    outages = [f"{outage.value}: {count}" for outage, count in report.outages.items()]
    never = [f"never hit: {', '.join(report.never_hit)}"] if report.never_hit else []
    return [stopped, *outages, counted, *never, *report.problems]


if __name__ == "__main__":
    sys.exit(main())
