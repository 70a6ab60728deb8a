"""Command line: `python -m tests.faults.rolling_restarts [--restarts N] [--seed N]`.

Prints the figures. The exit code is 1 if a request on an established connection got no answer, an answer is
not documented, or a process did not exit with 0; 2 without Chromium.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from devstack.stack import Stack
from tests.faults import termination
from tests.faults.rolling_restarts.run import SETTINGS, Load, Report, run_restarts, use_two_gateways
from tests.support.browser import executable

RESTARTS = 100
NO_BROWSER = 2


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.rolling_restarts", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="order and requests")
    parser.add_argument(
        "--restarts", type=int, default=RESTARTS, help=f"of every service, default {RESTARTS}"
    )
    options = parser.parse_args()
    termination.exit_on_sigterm()
    if executable() is None:
        print("Chromium or Chrome is not installed: the run needs it")
        return NO_BROWSER
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="tonegate-rolling-", ignore_cleanup_errors=True) as path:
        Path(path).chmod(0o755)
        profile = Path(path) / "browser"
        with Stack(Path(path) / "stack", SETTINGS) as stack:
            use_two_gateways(stack)
            stack.start()
            began = time.monotonic()
            load = Load(restarts=options.restarts, seed=options.seed, profile=profile)
            report = asyncio.run(run_restarts(stack, load))
    counts = ", ".join(f"{service} {count}" for service, count in report.restarts.count.items())
    print(f"restarts in {time.monotonic() - began:.0f} s: {counts}")
    print(*lines(report), sep="\n")
    return 1 if report.problems else 0


def lines(report: Report) -> list[str]:
    """A table of the figures, then the problems."""
    statuses = sorted({status for tally in report.tallies.values() for status in tally.answers})
    columns = ["client", *map(str, statuses), "refused connects", "no answer", "otherwise wrong"]
    table = [columns, ["---", *["--:"] * (len(columns) - 1)]]
    for kind, tally in report.tallies.items():
        counts = [*(tally.answers[each] for each in statuses), tally.refused]
        table.append([kind, *map(str, [*counts, len(tally.unanswered), len(tally.wrong)])])
    kept = [
        f"{kind}: {tally.kept} answers on kept connections, the longest pause before one "
        f"{tally.longest_kept_s:.1f} s; {tally.closed_idle} connections closed while idle; "
        f"{len(tally.repeated)} requests repeated by the client"
        for kind, tally in report.tallies.items()
    ]
    made = sum((tally.calls for tally in report.tallies.values()), Counter[str]())
    answers = [f"{name}: {count} answers" for name, count in sorted(made.items())]
    return [*(f"| {' | '.join(row)} |" for row in table), *kept, *answers, *report.problems]


if __name__ == "__main__":
    sys.exit(main())
