"""Table of a run, in Markdown."""

from collections import Counter
from collections.abc import Iterator, Sequence

from tests.faults.point_schedule import PointSchedule
from tests.faults.run import Row

COLUMNS = (
    "scenario",
    "injected",
    "not hit",
    "accepted",
    "completed",
    "failed as they should",
    "lost",
    "duplicated",
    "tolerated",
    "otherwise wrong",
    "slowest recovery",
)
HEAD = (f"| {' | '.join(COLUMNS)} |", f"|---|{'--:|' * (len(COLUMNS) - 1)}")


def line(row: Row) -> str:
    cells = (
        row.scenario,
        row.injected,
        len(row.missed),
        row.accepted,
        row.total(lambda each: each.completed),
        row.total(lambda each: each.failed),
        row.total(lambda each: len(each.lost)),
        row.total(lambda each: len(each.duplicated)),
        row.total(lambda each: len(each.tolerated)),
        row.total(lambda each: len(each.wrong)),
        f"{row.slowest_recovery_s:.1f} s",
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def counts(row: Row) -> Iterator[str]:
    """Yields what the figures of a whole run leave out."""
    if row.missed:
        names = ", ".join(f"{name} {count}" for name, count in sorted(Counter(row.missed).items()))
        yield f"not hit, not counted as injected: {len(row.missed)} ({names})"
    for each in row.uncovered:
        yield f"not shown by this run: {each}"
    tolerated = row.total(lambda each: len(each.tolerated))
    yield f"mails and webhooks repeated during a fault that permits it: {tolerated}"


def reached(schedule: PointSchedule) -> Iterator[str]:
    """Yields a summary of the fail points; only those that were hit count as injected."""
    hits = f"{schedule.reached.total()} hit, {len(schedule.reached)} different ones"
    yield f"fail points: {schedule.armed} armed, {hits}"
    if schedule.stopped_without_effect:
        yield f"stopped without work to take over, not counted: {schedule.stopped_without_effect}"
    if schedule.never_reached:
        yield f"never hit: {', '.join(schedule.never_reached)}"


def total(rows: Sequence[Row]) -> Row:
    return Row(
        "**all**",
        tried=sum(row.tried for row in rows),
        injected=sum(row.injected for row in rows),
        missed=[each for row in rows for each in row.missed],
        accepted=sum(row.accepted for row in rows),
        uncovered=[f"{row.scenario}: {each}" for row in rows for each in row.uncovered],
        findings=[findings for row in rows for findings in row.findings],
        slowest_recovery_s=max((row.slowest_recovery_s for row in rows), default=0.0),
    )
