"""The system of compose.yaml in containers, once for all tests; collected only by `make test-containers`."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.containers.composed_system import ComposedSystem, composed_system
from tests.support.media import Media

# Building images takes minutes and needs a Docker engine, which a development machine may not have.
collect_ignore_glob = [] if os.environ.get("TONEGATE_CONTAINERS") else ["test_*.py"]


@pytest.fixture(scope="session")
def composed() -> Iterator[ComposedSystem]:
    with composed_system() as system:
        yield system


@pytest.fixture(scope="session")
def media() -> Iterator[Media]:
    with tempfile.TemporaryDirectory(prefix="tonegate-containers-") as path:
        yield Media(Path(path))
