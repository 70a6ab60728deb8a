"""SECURITY.md and docs/asvs.md name only what exists; the table of requirements is complete."""

import re
from collections import Counter
from pathlib import Path

import pytest

from tests.unit.project.security_documents import (
    VERDICTS,
    places_that_do_not_exist,
    requirements,
    summary,
)

ROOT = Path(__file__).parents[3]
PAGES = ("SECURITY.md", "docs/asvs.md")
TABLE = (ROOT / "docs/asvs.md").read_text()
FOUND = requirements(TABLE)


@pytest.mark.parametrize("page", PAGES)
def test_every_named_file_and_function_exists(page: str) -> None:
    text = (ROOT / page).read_text()
    assert list(places_that_do_not_exist(ROOT, text)) == []


def test_every_row_of_the_table_is_read() -> None:
    assert [each.number for each in FOUND] == [
        line.removeprefix("| V").split(" ")[0] for line in TABLE.splitlines() if line.startswith("| V")
    ]


def test_each_requirement_of_levels_one_and_two_occurs_once() -> None:
    """ASVS 5.0.0 has 70 requirements of level 1 and 183 of level 2."""
    assert [number for number, count in Counter(each.number for each in FOUND).items() if count > 1] == []
    assert Counter(each.level for each in FOUND) == {1: 70, 2: 183}


def test_every_section_that_a_verdict_refers_to_exists() -> None:
    headings = re.findall(r"^#+ (.+)$", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert set(re.findall(r"\]\(\.\./SECURITY\.md#([\w-]+)\)", TABLE)) - anchors == set()


def test_verdicts_are_of_the_four_words() -> None:
    assert {each.verdict for each in FOUND} <= set(VERDICTS)


def test_what_is_met_names_a_place_and_what_is_not_says_why() -> None:
    assert [each.number for each in FOUND if each.verdict == "met" and not each.names_a_place()] == []
    assert [each.number for each in FOUND if not each.shown.strip()] == []


def test_the_summary_counts_the_verdicts() -> None:
    assert [row for row in summary(FOUND) if row not in TABLE.splitlines()] == []


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("`shared/logs.py` `configure`", []),
        ("`compose.yaml`, `docs/asvs.md`, `.dockerignore`, `Makefile`, `deploy/postgres`", []),
        ("`shared/absent.py`", ["shared/absent.py"]),
        ("`shared/logs.py` `absent`", ["shared/logs.py absent"]),
        ("`absent.md`", ["absent.md"]),
        ("`tests/unit/shared/test_logs.py` `test_absent`", ["tests/unit/shared/test_logs.py test_absent"]),
    ],
)
def test_a_place_that_does_not_exist_is_found(text: str, missing: list[str]) -> None:
    assert list(places_that_do_not_exist(ROOT, text)) == missing
