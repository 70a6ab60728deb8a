"""Fixture: a transcoder with a temporary scratch directory, on each generation of ffmpeg.

So that the suite ends in time, cases are left out: two of three of the matrix on all generations but the
first, and of every other test on the last one those whose values other cases of the same test have. So each
value of each parameter runs on each generation. With `TONEGATE_ALL_CASES=1` all cases run.
"""

import os
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.ffmpeg_generations import Generation, generations

MATRIX = "test_the_audio_of_the_result_is_that_of_the_source"
REDUCED_TO = 3
WHOLE = os.environ.get("TONEGATE_ALL_CASES") == "1"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out cases; each test keeps each value of its parameters on each generation."""
    cases: dict[tuple[str, int], list[pytest.Item]] = defaultdict(list)
    for item in items:
        if (number := _generation(item)) > 0:
            cases[(item.nodeid.partition("[")[0], number)].append(item)
    left_out: set[pytest.Item] = set()
    for (test, number), own in cases.items():
        if WHOLE:
            continue
        if test.endswith(MATRIX):
            left_out |= set(own) - set(own[::REDUCED_TO])
        elif number == len(generations()) - 1:
            left_out |= set(own) - set(_covering(own))
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in left_out]


def _covering(items: Sequence[pytest.Item]) -> Iterator[pytest.Item]:
    """Yields the items that have a value of a parameter which none of those before has."""
    seen: set[tuple[str, int]] = set()
    for item in items:
        indices: Mapping[str, int] = item.callspec.indices  # type: ignore[attr-defined]
        values = {value for value in indices.items() if value[0] != "generation"}
        if not values or values - seen:
            yield item
        seen |= values


def _generation(item: pytest.Item) -> int:
    """The place of the generation that the test runs on; 0 also for a test that runs on none."""
    generation = getattr(item, "callspec", None) and item.callspec.params.get("generation")  # type: ignore[attr-defined]
    return generations().index(generation) if generation else 0


@pytest.fixture(params=generations(), ids=str)
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture
def harness(generation: Generation) -> Iterator[TranscodingHarness]:
    with tempfile.TemporaryDirectory(prefix="scratch-") as path:
        yield TranscodingHarness(Path(path).resolve(), generation.tools)
