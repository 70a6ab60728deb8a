"""Fixture: a transcoder with a temporary scratch directory, on each generation of ffmpeg.

So that the suite ends in time, each case of a test with as many cases as generations, or more, runs on one of
them only, in turn; with `TONEGATE_ALL_CASES=1`, which `make test-media` sets, all run on all generations.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.cases_in_turn import Case, distributed
from tests.support.ffmpeg_generations import Generation, generations

GENERATION = "generation"
WHOLE = os.environ.get("TONEGATE_ALL_CASES") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the cases whose turn is on another generation."""
    by_test: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if GENERATION in _parameters(item):
            by_test[item.nodeid.partition("[")[0]].append(item)
    left_out: set[pytest.Item] = set()
    if not WHOLE:
        left_out = {item for own in by_test.values() for item in _out_of_turn(own)}
    config.hook.pytest_deselected(items=[item for item in items if item in left_out])
    items[:] = [item for item in items if item not in left_out]


def _out_of_turn(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Yields those of one test's items that run on another generation than the case's."""
    cases = {tuple(_case(item).items()): _case(item) for item in items}
    turns = dict(zip(cases, distributed(list(cases.values()), len(generations())), strict=True))
    for item in items:
        if generations().index(_parameters(item)[GENERATION]) not in turns[tuple(_case(item).items())]:
            yield item


def _case(item: pytest.Item) -> Case:
    """Parameter → its value as text; equal for all generations."""
    return {name: repr(value) for name, value in _parameters(item).items() if name != GENERATION}


def _parameters(item: pytest.Item) -> Mapping[str, Any]:
    """The values of the item's parameters; none for a test without any."""
    callspec = getattr(item, "callspec", None)
    found: Mapping[str, Any] = callspec.params if callspec else {}
    return found


@pytest.fixture(params=generations(), ids=str)
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture
def harness(generation: Generation) -> Iterator[TranscodingHarness]:
    with tempfile.TemporaryDirectory(prefix="scratch-") as path:
        yield TranscodingHarness(Path(path).resolve(), generation.tools)
