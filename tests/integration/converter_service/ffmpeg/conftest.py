"""Fixture: a transcoder with a temporary scratch directory, on each generation of ffmpeg.

The matrix is whole on the first generation, and reduced on the others.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness
from tests.support.ffmpeg_generations import Generation, generations

MATRIX = "test_the_audio_of_the_result_is_that_of_the_source"
REDUCED_TO = 3


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keeps every third case of the matrix for each generation but the first."""
    cells = [item for item in items if getattr(item, "originalname", "") == MATRIX]
    left_out: set[pytest.Item] = set()
    for generation in generations()[1:]:
        own = [item for item in cells if item.callspec.params["generation"] is generation]  # type: ignore[attr-defined]
        left_out |= set(own) - set(own[::REDUCED_TO])
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in left_out]


@pytest.fixture(params=generations(), ids=str)
def generation(request: pytest.FixtureRequest) -> Generation:
    found: Generation = request.param
    return found


@pytest.fixture
def harness(generation: Generation) -> Iterator[TranscodingHarness]:
    with tempfile.TemporaryDirectory(prefix="scratch-") as path:
        yield TranscodingHarness(Path(path).resolve(), generation.tools)
