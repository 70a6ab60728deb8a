"""Command line: `python -m tests.faults [--seed N] [--only TEXT] [--scale N] [--minutes M] [--systems N]`.

Prints a table; the exit code is 1 if a check failed, and 0 also for fewer injections than asked.
"""

import argparse
import asyncio
import secrets
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack, contextmanager
from pathlib import Path

from tests.faults import termination
from tests.faults.faulty_system import FaultySystem
from tests.faults.point_schedule import PointSchedule
from tests.faults.report import HEAD, counts, line, reached, total
from tests.faults.run import Row, Run, running
from tests.faults.scenarios.catalogue import chosen, every, of_a_set
from tests.faults.scenarios.scenario import Scenario
from tests.faults.selftest import undetected
from tests.faults.time_budget import TimeBudget

# Minimum number of injections of a whole run, as docs/reliability.md states.
ENOUGH = 500
MINUTES, MINUTES_OF_THREE = 40.0, 2.0
SYSTEMS = 2
# Cost of the checks after a scenario, in injections.
CHECK_COST = 1.5


def main() -> int:
    options = arguments()
    termination.exit_on_sigterm()
    print(f"seed {options.seed}", flush=True)
    count = 1 if options.planted or options.three else options.systems
    with systems(count, three=options.three) as started:
        work = planted(*started[0], options) if options.planted else everything(started, options)
        problems = asyncio.run(work)
    print(*(problems or ["nothing was lost, nothing came twice"]), sep="\n")
    return 1 if problems else 0


@contextmanager
def systems(count: int, *, three: bool) -> Iterator[list[tuple[FaultySystem, Path]]]:
    """Starts systems that share nothing, each below a folder of its own."""
    with ExitStack() as ends:
        temporary = tempfile.TemporaryDirectory(prefix="tonegate-faults-", ignore_cleanup_errors=True)
        root = Path(ends.enter_context(temporary))
        root.chmod(0o755)  # as in running()
        folders = [root / str(number) for number in range(count)]
        for folder in folders:
            folder.mkdir()
        yield [(ends.enter_context(running(folder, three=three)), folder) for folder in folders]


async def planted(system: FaultySystem, folder: Path, options: argparse.Namespace) -> list[str]:
    """Returns the planted defects that the checks did not detect."""
    run = Run(system, folder, options.seed)
    async with run.begun():
        return await undetected(system, run)


async def everything(started: Sequence[tuple[FaultySystem, Path]], options: argparse.Namespace) -> list[str]:
    """Runs all selected scenarios on the systems side by side; returns what was wrong."""
    schedule = PointSchedule(str(options.seed))
    runs = [Run(system, folder, options.seed, schedule) for system, folder in started]
    async with AsyncExitStack() as receivers:
        for run in runs:
            await receivers.enter_async_context(run.begun())
        rows = await all_of(started[0][0], runs, options)
    all_rows = total(rows)
    print(line(all_rows), *counts(all_rows), *reached(schedule), sep="\n", flush=True)
    problems = [f"{row.scenario}: {problem}" for row in rows for problem in row.problems]
    is_whole = not options.three and not options.only and options.scale >= 1
    if is_whole and all_rows.injected < ENOUGH:
        print(f"fewer than asked: {all_rows.injected} injections of {ENOUGH}; give it more --minutes")
    return problems


async def all_of(system: FaultySystem, runs: Sequence[Run], options: argparse.Namespace) -> list[Row]:
    """Runs every selected scenario once, as often as planned or as the time budget allows."""
    wished = chosen(of_a_set() if options.three else every(), options.only)
    scenarios = [scenario for scenario in wished if scenario.is_possible(system)]
    left_out = [f"not possible here: {each.name}" for each in wished if each not in scenarios]
    print(*left_out, *HEAD, sep="\n", flush=True)
    rows: list[Row] = []
    wanted = {scenario.name: max(1, round(scenario.times * options.scale)) for scenario in scenarios}
    minutes = options.minutes or (MINUTES_OF_THREE if options.three else MINUTES)
    budget = TimeBudget(minutes, sum(_work(each, wanted[each.name]) for each in scenarios))
    waiting = iter(scenarios)

    def note(row: Row) -> None:
        rows.append(row)
        print(line(row), *row.problems, sep="\n", flush=True)

    async def work_through(run: Run) -> None:
        for scenario in waiting:
            times = budget.times(wanted[scenario.name])
            note(await run.scenario(scenario, times))
            budget.note(_work(scenario, wanted[scenario.name]), _work(scenario, times))
        note(await run.at_the_end())

    async with asyncio.TaskGroup() as tasks:
        for run in runs:
            tasks.create_task(work_through(run))
    return rows


def _work(scenario: Scenario, times: int) -> float:
    """Cost of a scenario, with that of its checks."""
    return scenario.cost * times + CHECK_COST


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=secrets.randbelow(10**9), help="repeats the run of this seed"
    )
    parser.add_argument("--only", default="", help="scenarios whose name contains this")
    parser.add_argument("--scale", type=float, default=1.0, help="factor for the number of injections")
    parser.add_argument(
        "--minutes",
        type=float,
        help=f"time budget; default {MINUTES:g}, with --three {MINUTES_OF_THREE:g}",
    )
    parser.add_argument(
        "--systems", type=int, default=SYSTEMS, help=f"systems side by side; default {SYSTEMS}"
    )
    parser.add_argument("--three", action="store_true", help="use a replica set of three MongoDB servers")
    parser.add_argument("--planted", action="store_true", help="check that planted defects are detected")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
