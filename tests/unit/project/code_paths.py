"""Numbered lists in the documentation that name, stop by stop, the functions that a piece of data passes."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.unit.project.structure import definitions

# 1. `path/file.py` `function` — what happens there
STOP = re.compile(r"^\d+\. `(?P<path>[\w/]+\.py)` `(?P<name>[\w.]+)(?:\(\))?` — \S")
ITEM = re.compile(r"^\d+\. ")


def section(page: str, heading: str) -> str:
    """Returns the text between a heading of any level and the next heading; empty without such a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}$(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    return found[1] if found else ""


def problems_of(root: Path, page: str, heading: str) -> Iterator[str]:
    """Yields a message for a missing list, a malformed item, a missing file and a missing function."""
    items = [line for line in section(page, heading).splitlines() if ITEM.match(line)]
    if not items:
        yield f"{heading}: no list"
    for item in items:
        stop = STOP.match(item)
        if stop is None:
            yield f"{heading}: not of the form '1. `file.py` `function` — text': {item}"
        elif not (root / stop["path"]).is_file():
            yield f"{heading}: there is no file {stop['path']}"
        elif stop["name"] not in definitions((root / stop["path"]).read_text()):
            yield f"{heading}: {stop['path']} has no {stop['name']}"
