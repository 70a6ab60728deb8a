"""What SECURITY.md and docs/asvs.md name: files, functions, requirements of the ASVS with their verdicts."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.unit.project.structure import definitions

VERDICTS = ("met", "partly", "not met", "not applicable")
# `folder/file.ext`, or a file at the root that has an extension or begins with a dot; perhaps `function`.
NAMED = re.compile(r"`(?P<path>(?:[\w.-]+/)+[\w-][\w.-]*|\.?[\w-]+\.\w+|Makefile)`(?: `(?P<name>[\w.]+)`)?")
ROW = re.compile(
    r"^\| V(?P<number>\d+\.\d+\.\d+) \| (?P<level>\d) \| [^|]+ \| (?P<verdict>[^|]+) \| (?P<shown>[^|]*) \|$",
    re.MULTILINE,
)
# Not of the repository: written by a command.
WRITTEN = frozenset({"dist/sbom.json"})


class Requirement(msgspec.Struct, frozen=True):
    """A row of the table; `shown` says where it is met, or why it is not."""

    number: str
    level: int
    verdict: str
    shown: str

    def names_a_place(self) -> bool:
        return NAMED.search(self.shown) is not None or "](../SECURITY.md#" in self.shown


def requirements(page: str) -> list[Requirement]:
    return [
        Requirement(row["number"], int(row["level"]), row["verdict"], row["shown"])
        for row in ROW.finditer(page)
    ]


def places_that_do_not_exist(root: Path, page: str) -> Iterator[str]:
    """Yields each named file that is missing, and each function that is not in the file named before it."""
    named: dict[str, set[str]] = {}
    for place in NAMED.finditer(page):
        named.setdefault(place["path"], set()).update({place["name"]} - {None})
    for path, names in named.items():
        if path in WRITTEN:
            continue
        if not (root / path).exists():
            yield path
        elif path.endswith(".py") and names:
            yield from (
                f"{path} {name}" for name in sorted(names - set(definitions((root / path).read_text())))
            )


def summary(found: list[Requirement]) -> list[str]:
    """The rows of the table that counts verdicts by level."""
    counts = Counter((each.level, each.verdict) for each in found)
    rows = {level: [counts[level, verdict] for verdict in VERDICTS] for level in (1, 2)}
    return [f"| {level} | {' | '.join(map(str, row))} | {sum(row)} |" for level, row in rows.items()]
