"""The table of a run, for a terminal and for a document alike."""

from collections.abc import Sequence

from tests.faults.run import Row

COLUMNS = (
    "scenario",
    "injected",
    "accepted",
    "completed",
    "failed as they should",
    "lost",
    "duplicated",
    "otherwise wrong",
    "slowest recovery",
)
HEAD = (f"| {' | '.join(COLUMNS)} |", f"|---|{'--:|' * (len(COLUMNS) - 1)}")


def line(row: Row) -> str:
    cells = (
        row.scenario,
        row.injected,
        row.accepted,
        row.total(lambda each: each.completed),
        row.total(lambda each: each.failed),
        row.total(lambda each: len(each.lost)),
        row.total(lambda each: len(each.duplicated)),
        row.total(lambda each: len(each.wrong)),
        f"{row.slowest_recovery_s:.1f} s",
    )
    return f"| {' | '.join(str(cell) for cell in cells)} |"


def total(rows: Sequence[Row]) -> Row:
    return Row(
        "**all**",
        injected=sum(row.injected for row in rows),
        accepted=sum(row.accepted for row in rows),
        findings=[findings for row in rows for findings in row.findings],
        slowest_recovery_s=max((row.slowest_recovery_s for row in rows), default=0.0),
    )
