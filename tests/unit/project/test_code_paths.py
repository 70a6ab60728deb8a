"""Each list of functions in docs/architecture.md names files and functions that exist."""

from pathlib import Path

import pytest

from tests.unit.project.code_paths import problems_of

ROOT = Path(__file__).parents[3]
CODE_PATHS = (
    "The way of an upload's bytes",
    "The way of a message to an MP3",
    "The way of an event to a mail",
    "The way of a token to a principal",
)


@pytest.mark.parametrize("heading", CODE_PATHS)
def test_the_architecture_page_names_functions_that_exist(heading: str) -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    assert list(problems_of(ROOT, page, heading)) == []
