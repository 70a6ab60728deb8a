"""The converter's api, fresh for each test."""

from collections.abc import AsyncIterator

import pytest

from tests.support.converter import ConverterApi, converter_api

MAX_BYTES = 3_000_000


@pytest.fixture
async def api(mongo_url: str) -> AsyncIterator[ConverterApi]:
    async with converter_api(mongo_url, max_upload_bytes=MAX_BYTES) as running:
        yield running
