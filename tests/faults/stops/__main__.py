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
from tests.faults.stops.outages import FAULTS, Outage
from tests.faults.stops.report import lines
from tests.faults.stops.run import run_stops

STOPS = 200
SERVERS = ("mongo", "rabbitmq")


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


if __name__ == "__main__":
    sys.exit(main())
