"""Fixture: a gateway with default settings."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.gateway.rig import Rig, running


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig
