"""Uploads with an Idempotency-Key: stored once, with the same response to each repetition."""

import asyncio
import base64
import hashlib
import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from tests.integration.converter_service.test_uploads import VIDEO, form
from tests.support.converter import ConverterApi
from tests.support.wait import until

OTHER = VIDEO[:20] + random.Random(4).randbytes(len(VIDEO) - 20)
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"


async def send(
    api: ConverterApi, content: object, query: str = "filename=a.mp4", key: str = KEY, **more: Any
) -> aiohttp.ClientResponse:
    headers = {"Content-Type": "video/mp4", "Idempotency-Key": key, **more.pop("headers", {})}
    return await api.call("POST", f"/v1/conversions?{query}", data=content, headers=headers, **more)


async def told(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json(content_type=None)).get("code", "")


async def stored(api: ConverterApi) -> tuple[int, int]:
    files = await api.database["fs.files"].count_documents({})
    return await api.database["conversions"].count_documents({}), files


async def test_the_same_upload_again_is_answered_the_same_and_stored_once(api: ConverterApi) -> None:
    first = await send(api, VIDEO, "filename=a.mp4&bitrate=96k")
    again = await send(api, VIDEO, "filename=a.mp4&bitrate=96k")
    assert (first.status, again.status) == (202, 202)
    assert await first.read() == await again.read()
    assert again.headers["Location"] == first.headers["Location"]
    assert await stored(api) == (1, 1)


async def test_it_is_answered_as_it_was_whatever_has_become_of_it(api: ConverterApi) -> None:
    first = await send(api, VIDEO)
    change = {"status": "failed", "progress": 0.5, "error": {"code": "timed_out", "message": "x"}}
    await api.database["conversions"].update_one({}, {"$set": change})
    again = await send(api, VIDEO)
    assert (again.status, await again.read()) == (202, await first.read())


async def test_a_quoted_key_is_the_same_key(api: ConverterApi) -> None:
    first = await send(api, VIDEO)
    assert await (await send(api, VIDEO, key=f'"{KEY}"')).read() == await first.read()


@pytest.mark.parametrize(
    ("content", "query"),
    [
        (OTHER, "filename=a.mp4"),
        (VIDEO[:-1], "filename=a.mp4"),
        (VIDEO, "filename=b.mp4"),
        (VIDEO, "filename=a.mp4&format=flac"),
    ],
    ids=["other bytes", "another length", "another name", "other options"],
)
async def test_the_key_for_anything_else_is_refused(api: ConverterApi, content: bytes, query: str) -> None:
    await send(api, VIDEO)
    assert await told(await send(api, content, query)) == (422, "idempotency_mismatch")
    assert await stored(api) == (1, 1)


async def test_bytes_of_unannounced_length_are_compared_too(api: ConverterApi) -> None:
    async def streamed(content: bytes) -> AsyncIterator[bytes]:
        for start in range(0, len(content), 200_000):
            yield content[start : start + 200_000]

    await send(api, streamed(VIDEO))
    assert (await send(api, streamed(VIDEO))).status == 202
    assert await told(await send(api, streamed(OTHER))) == (422, "idempotency_mismatch")


async def test_an_announced_digest_spares_sending_the_video_again(api: ConverterApi) -> None:
    digest = base64.b64encode(hashlib.sha256(VIDEO).digest()).decode()
    first = await send(api, VIDEO)
    never = asyncio.Event()

    async def begun() -> AsyncIterator[bytes]:
        yield VIDEO[:1000]
        await never.wait()

    again = await send(api, begun(), headers={"Content-Digest": f"sha-256=:{digest}:"})
    assert (again.status, await again.read()) == (202, await first.read())
    other = await send(api, VIDEO, headers={"Content-Digest": f"sha-256=:{'A' * 43}=:"})
    assert await told(other) == (422, "idempotency_mismatch")


async def test_forms_are_compared_by_what_is_in_them(api: ConverterApi) -> None:
    async def post(*parts: tuple[str, bytes]) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "multipart/form-data; boundary=frontier", "Idempotency-Key": KEY}
        return await api.call("POST", "/v1/conversions", data=form(*parts), headers=headers)

    file, title = ('name="file"; filename="a.mp4"', VIDEO), ('name="title"', b"x")
    first = await post(file, title)
    assert await (await post(title, file)).read() == await first.read()
    assert await told(await post(file, ('name="title"', b"y"))) == (422, "idempotency_mismatch")
    assert await told(await post(('name="file"; filename="a.mp4"', OTHER), title)) == (
        422,
        "idempotency_mismatch",
    )


async def test_while_the_first_is_still_coming_the_second_is_told_so(api: ConverterApi) -> None:
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield VIDEO[:100_000]
        await go_on.wait()
        yield VIDEO[100_000:]

    first = asyncio.create_task(send(api, slowly()))
    await until(lambda: has_an_upload(api))
    second = await send(api, VIDEO)
    assert await told(second) == (409, "conflict")
    assert int(second.headers["Retry-After"]) > 0
    go_on.set()
    assert (await first).status == 202
    assert (await send(api, VIDEO)).status == 202
    assert await stored(api) == (1, 1)


async def test_of_many_at_the_same_time_one_is_stored(api: ConverterApi) -> None:
    await until(lambda: is_prepared(api))
    answers = await asyncio.gather(*(send(api, VIDEO) for _ in range(6)))
    assert {answer.status for answer in answers} <= {202, 409}
    assert await stored(api) == (1, 1)


async def test_an_upload_that_came_to_nothing_leaves_its_key_free(api: ConverterApi) -> None:
    assert (await send(api, b"\x89PNG\r\n\x1a\n" + bytes(4000), "filename=a.mp4")).status == 415
    assert (await send(api, VIDEO, "filename=a.mp4")).status == 202


async def test_a_key_is_nobody_elses(api: ConverterApi) -> None:
    first = await send(api, VIDEO)
    bobs = await send(api, OTHER, owner="bob")
    assert bobs.status == 202
    assert (await bobs.json())["id"] != (await first.json())["id"]


async def test_a_key_may_be_used_anew_after_a_day(api: ConverterApi) -> None:
    await send(api, VIDEO)
    yesterday = datetime.now(UTC) - timedelta(hours=25)
    await api.database["conversions"].update_one({}, {"$set": {"created_at": yesterday}})
    assert (await send(api, OTHER)).status == 202
    assert await stored(api) == (2, 2)


async def test_a_key_goes_with_its_conversion(api: ConverterApi) -> None:
    first = await send(api, VIDEO)
    assert (await api.call("DELETE", first.headers["Location"])).status == 204
    assert (await send(api, OTHER)).status == 202


@pytest.mark.parametrize("key", ["", "a b", "x" * 300, "é", 'a"b'])
async def test_a_malformed_idempotency_key_is_refused(api: ConverterApi, key: str) -> None:
    assert await told(await send(api, VIDEO, key=key)) == (400, "invalid_request")
    assert await stored(api) == (0, 0)


async def has_an_upload(api: ConverterApi) -> bool:
    return await api.database["conversions"].count_documents({"status": "uploading"}) > 0


async def is_prepared(api: ConverterApi) -> bool:
    return "idempotency_key" in await api.database["conversions"].index_information()
