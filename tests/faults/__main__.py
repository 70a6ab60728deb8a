"""`python -m tests.faults [--seed N] [--only TEXT] [--scale N] [--minutes M]`: a table; exit 1 on a loss."""

import argparse
import asyncio
import secrets
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.report import HEAD, line, total
from tests.faults.run import Row, Run, chosen, running
from tests.faults.scenarios import every


def main() -> int:
    options = arguments()
    print(f"seed {options.seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="tonegate-faults-", ignore_cleanup_errors=True) as path,
        running(Path(path), options.bug) as world,
    ):
        rows = asyncio.run(all_of(Run(world, Path(path), options.seed), options))
    print(line(total(rows)))
    problems = [problem for row in rows for problem in row.problems]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


async def all_of(run: Run, options: argparse.Namespace) -> list[Row]:
    """Every scenario in turn; what is left of the time decides how often."""
    await run.begin()
    scenarios = chosen(every(), options.only)
    print(*HEAD, sep="\n", flush=True)
    rows: list[Row] = []
    deadline = time.monotonic() + 60 * options.minutes
    for scenario in scenarios:
        if time.monotonic() > deadline:
            print(f"out of time before: {scenario.name}", flush=True)
            break
        rows.append(await run.scenario(scenario, max(1, round(scenario.times * options.scale))))
        print(line(rows[-1]), *rows[-1].problems, sep="\n", flush=True)
    return rows


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**9), help="repeats a run")
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--scale", type=float, default=1.0, help="so many times as many injections")
    parser.add_argument("--minutes", type=float, default=30.0, help="no scenario begins later")
    parser.add_argument("--bug", help="a planted fault, to see that it is found")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
