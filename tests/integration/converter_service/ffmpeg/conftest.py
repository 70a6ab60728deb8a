"""Fixture: a transcoder with a temporary scratch directory."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.audio_checks import TranscodingHarness


@pytest.fixture
def harness() -> Iterator[TranscodingHarness]:
    with tempfile.TemporaryDirectory(prefix="scratch-") as path:
        yield TranscodingHarness(Path(path).resolve())
