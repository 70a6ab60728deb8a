"""Interrupted downloads: a truncated body is never complete, and a disconnected client is no error."""

import asyncio
import random
from collections.abc import AsyncIterator

import aiohttp
import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, Result
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from tests.support.conversions import done
from tests.support.converter import ConverterApi
from tests.support.wait import PATIENCE_S

# More than all buffers between the two ends hold.
AUDIO = random.Random(9).randbytes(1024 * 1024) * 48


@pytest.fixture
async def finished(api: ConverterApi) -> Conversion:
    async def content() -> AsyncIterator[bytes]:
        yield AUDIO

    made = done(at=utc_now())
    result = Result(size=len(AUDIO), duration=60.0, format="mp3", bitrate=192_000, sha256="b" * 64)
    conversion = replace(made, result=result)
    await GridFSBlobs(api.database, utc_now).write(str(conversion.audio_blob), content())
    await MongoConversions(api.database, utc_now).add(conversion)
    return conversion


async def test_an_audio_deleted_during_its_download_breaks_the_download(
    api: ConverterApi, finished: Conversion
) -> None:
    url = f"http://127.0.0.1:{api.port}/v1/conversions/{finished.id}/audio"
    async with aiohttp.ClientSession() as http, http.get(url, headers=api.headers()) as answer:
        assert answer.status == 200
        await answer.content.readexactly(1024)
        assert (await api.call("DELETE", f"/v1/conversions/{finished.id}")).status == 204
        with pytest.raises(aiohttp.ClientPayloadError):
            await asyncio.wait_for(answer.read(), PATIENCE_S)


async def test_a_client_that_disconnects_is_no_error(
    api: ConverterApi, finished: Conversion, capsys: pytest.CaptureFixture[str]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    head = f"GET /v1/conversions/{finished.id}/audio HTTP/1.1\r\nHost: x\r\n"
    writer.write(f"{head}Authorization: {api.headers()['Authorization']}\r\n\r\n".encode())
    await reader.readexactly(1024)
    writer.close()
    assert (await api.call("GET", f"/v1/conversions/{finished.id}")).status == 200
    logged = capsys.readouterr().out
    assert "error" not in logged.lower().replace("error=none", "")


async def test_slow_clients_do_not_delay_others(api: ConverterApi, finished: Conversion) -> None:
    url = f"http://127.0.0.1:{api.port}/v1/conversions/{finished.id}/audio"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:
        slow = await asyncio.gather(*(http.get(url, headers=api.headers()) for _ in range(20)))
        answer = await asyncio.wait_for(api.call("GET", url), PATIENCE_S)
        assert await answer.read() == AUDIO
        for each in slow:
            each.close()
