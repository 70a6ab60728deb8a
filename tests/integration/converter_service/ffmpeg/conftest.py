"""A workplace for every test that converts."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audio_checks import Workplace


@pytest.fixture
def workplace() -> Iterator[Workplace]:
    with tempfile.TemporaryDirectory(prefix="scratch-") as path:
        yield Workplace(Path(path).resolve())
