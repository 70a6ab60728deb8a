"""Fixtures: the converter's api, and a worker harness on a prepared database."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from shared.mongo import connect
from shared.settings import Secret
from tests.support.converter import ConverterApi, converter_api
from tests.support.worker_harness import WorkerHarness

MAX_BYTES = 3_000_000


@pytest.fixture
async def api(mongo_url: str) -> AsyncIterator[ConverterApi]:
    async with converter_api(mongo_url, max_upload_bytes=MAX_BYTES) as running:
        yield running


@pytest.fixture
async def harness(mongo_url: str, tmp_path: Path) -> AsyncIterator[WorkerHarness]:
    async with connect(Secret(mongo_url)) as client:
        harness = WorkerHarness(client, tmp_path)
        await harness.store.prepare()
        await harness.blobs.prepare()
        yield harness
        harness.scratch.close()
