"""Quotas of accounts, and rejection of uploads when the queue is full."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial

import aiohttp
import pytest

from converter_service.conversions import quota
from converter_service.storage.queue import held_bytes_pipeline
from tests.support.converter import ConverterApi, converter_api
from tests.support.wait import PATIENCE_S, until

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(100_000)
SIZE = len(VIDEO)


async def in_pieces(content: bytes, gate: asyncio.Event | None = None) -> AsyncIterator[bytes]:
    """A body without Content-Length that pauses in the middle until `gate` is set."""
    for start in range(0, len(content), 20_000):
        if gate and start:
            await gate.wait()
        yield content[start : start + 20_000]


async def refusal(answer: aiohttp.ClientResponse) -> tuple[int, str, str]:
    body = await answer.json(content_type=None)
    return answer.status, body["code"], body["detail"]


@pytest.fixture
async def api(mongo_url: str) -> AsyncIterator[ConverterApi]:
    """An api with a quota of two and a half videos and three conversions per account."""
    async with converter_api(mongo_url, quota_bytes=2 * SIZE + SIZE // 2, quota_conversions=3) as running:
        yield running


async def test_an_upload_over_quota_is_refused_before_storage_with_the_space_left(
    api: ConverterApi,
) -> None:
    for _ in range(2):
        assert (await api.upload(VIDEO)).status == 202
    status, code, detail = await refusal(await api.upload(VIDEO))
    assert (status, code) == (413, "too_large")
    assert f"{2 * SIZE + SIZE // 2} bytes" in detail
    assert f"{2 * SIZE} are in use" in detail
    assert (await api.upload(VIDEO, owner="bob")).status == 202
    assert await api.database["conversions"].count_documents({}) == 3
    assert await api.database["fs.files"].count_documents({}) == 3


async def test_deletion_frees_quota_at_once(api: ConverterApi) -> None:
    ids = [(await (await api.upload(VIDEO)).json())["id"] for _ in range(2)]
    assert (await api.upload(VIDEO)).status == 413
    assert (await api.call("DELETE", f"/v1/conversions/{ids[0]}")).status == 204
    assert (await api.upload(VIDEO)).status == 202


async def test_an_upload_of_unknown_length_is_bounded_by_the_quota_while_streaming(
    api: ConverterApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "RESERVATION_STEP_BYTES", 30_000)
    assert (await api.upload(in_pieces(VIDEO))).status == 202
    assert (await api.upload(in_pieces(VIDEO))).status == 202
    assert (await refusal(await api.upload(in_pieces(VIDEO))))[:2] == (413, "too_large")
    assert (await api.upload(in_pieces(VIDEO[: SIZE // 2]))).status == 202
    assert await api.database["fs.files"].count_documents({}) == 3


async def test_concurrent_uploads_cannot_exceed_the_quota_together(api: ConverterApi) -> None:
    gate = asyncio.Event()
    uploads = [asyncio.create_task(api.upload(in_pieces(VIDEO, gate))) for _ in range(3)]
    await until(lambda: api.database["conversions"].count_documents({"status": "uploading"}))
    gate.set()
    statuses = sorted(answer.status for answer in await asyncio.gather(*uploads))
    assert statuses.count(202) <= 2
    assert statuses[-1] == 413
    announced = await asyncio.gather(*(api.upload(VIDEO, owner="bob") for _ in range(5)))
    statuses = sorted(answer.status for answer in announced)
    assert statuses[:2] == [202, 202]
    assert set(statuses[2:]) <= {413, 429}


async def test_the_number_of_unfinished_conversions_is_limited(api: ConverterApi) -> None:
    small = VIDEO[:1000]
    answers = await asyncio.gather(*(api.upload(small) for _ in range(5)))
    assert sorted(answer.status for answer in answers) == [202, 202, 202, 429, 429]
    refused = next(answer for answer in answers if answer.status == 429)
    status, code, detail = await refusal(refused)
    assert (status, code, refused.headers["Retry-After"]) == (429, "rate_limited", "30")
    assert "3 conversions" in detail
    accepted = next(answer for answer in answers if answer.status == 202)
    assert (await api.call("POST", accepted.headers["Location"] + "/cancel")).status == 200
    assert (await api.upload(small)).status == 202


async def test_a_retry_counts_as_unfinished_but_needs_no_bytes(mongo_url: str) -> None:
    async with converter_api(mongo_url, quota_bytes=2 * SIZE, quota_conversions=1) as api:
        unwanted = (await (await api.upload(VIDEO)).json())["id"]
        assert (await api.call("POST", f"/v1/conversions/{unwanted}/cancel")).status == 200
        wanted = (await (await api.upload(VIDEO)).json())["id"]
        again = f"/v1/conversions/{unwanted}/retry"
        assert (await refusal(await api.call("POST", again)))[:2] == (429, "rate_limited")
        assert (await api.call("POST", f"/v1/conversions/{wanted}/cancel")).status == 200
        assert (await api.call("POST", again)).status == 202


async def test_a_repetition_needs_no_quota(api: ConverterApi) -> None:
    async def send() -> aiohttp.ClientResponse:
        headers = {"Content-Type": "video/mp4", "Idempotency-Key": "once"}
        return await api.call("POST", "/v1/conversions", data=VIDEO, headers=headers)

    first = await send()
    assert (await api.upload(VIDEO)).status == 202
    assert (await api.upload(VIDEO)).status == 413
    again = await send()
    assert (first.status, again.status) == (202, 202)
    assert (await again.json())["id"] == (await first.json())["id"]


async def test_a_full_queue_refuses_uploads_before_reading_the_body(mongo_url: str) -> None:
    async def unread() -> AsyncIterator[bytes]:
        yield VIDEO[:1000]
        await asyncio.Event().wait()

    async with converter_api(mongo_url, max_queued=2) as api:
        for _ in range(2):
            assert (await api.upload(VIDEO)).status == 202
        answer = await asyncio.wait_for(api.upload(unread(), owner="bob"), PATIENCE_S)
        assert (await refusal(answer))[:2] == (503, "overloaded")
        assert answer.headers["Retry-After"] == "30"
        assert await api.database["conversions"].count_documents({}) == 2


async def test_usage_and_queue_length_are_covered_by_indexes(api: ConverterApi) -> None:
    assert (await api.upload(VIDEO)).status == 202
    usage = {"aggregate": "conversions", "pipeline": held_bytes_pipeline("alice"), "cursor": {}}
    length = {"count": "conversions", "query": {"status": "queued"}, "limit": 5}
    for command, step in ((usage, "'indexName': 'held_bytes'"), (length, "COUNT_SCAN")):
        # The indexes are created in the background.
        await until(partial(_is_covered, api, command, step), what=step)


async def _is_covered(api: ConverterApi, command: Mapping[str, object], step: str) -> bool:
    plan = str(await api.database.command("explain", command, verbosity="queryPlanner"))
    winner, _, _ = plan.partition("rejectedPlans")
    return step in winner and "FETCH" not in winner


TUS = {"Tus-Resumable": "1.0.0"}
PART = {**TUS, "Content-Type": "application/offset+octet-stream"}


async def deferred(api: ConverterApi) -> str:
    """The path of a new resumable upload of unknown length."""
    made = await api.call("POST", "/v1/uploads", headers={**TUS, "Upload-Defer-Length": "1"})
    assert made.status == 201
    return made.headers["Location"]


async def append(
    api: ConverterApi, path: str, offset: int, body: bytes | AsyncIterator[bytes], **fields: str
) -> aiohttp.ClientResponse:
    named = {name.replace("_", "-"): value for name, value in fields.items()}
    headers = {**PART, "Upload-Offset": str(offset), **named}
    return await api.call("PATCH", path, data=body, headers=headers)


async def held(api: ConverterApi) -> int:
    """Bytes that count against the quota of the account."""
    return sum([each["held_bytes"] async for each in api.database["conversions"].find({})])


@pytest.mark.parametrize("is_streamed", [False, True], ids=["announced", "streamed"])
async def test_a_resumable_upload_of_unknown_length_counts_what_it_stores(
    api: ConverterApi, is_streamed: bool
) -> None:
    path = await deferred(api)
    assert await held(api) == 0
    assert (await append(api, path, 0, VIDEO)).status == 204
    assert await held(api) == SIZE
    assert (await api.upload(VIDEO)).status == 202
    more = in_pieces(VIDEO) if is_streamed else VIDEO
    status, code, detail = await refusal(await append(api, path, SIZE, more))
    assert (status, code) == (413, "too_large")
    assert "storage quota" in detail
    assert await held(api) == 2 * SIZE, "refused bytes do not count"
    last = await append(api, path, SIZE, VIDEO[: SIZE // 2], Upload_Length=str(SIZE + SIZE // 2))
    assert (last.status, await held(api)) == (204, 2 * SIZE + SIZE // 2)


async def test_a_length_beyond_the_quota_is_refused_and_reserves_nothing(api: ConverterApi) -> None:
    path = await deferred(api)
    await append(api, path, 0, VIDEO)
    status, code, _ = await refusal(await append(api, path, SIZE, b"", Upload_Length=str(3 * SIZE)))
    assert (status, code, await held(api)) == (413, "too_large", SIZE)
    assert (await append(api, path, SIZE, b"", Upload_Length=str(2 * SIZE))).status == 204
    assert await held(api) == 2 * SIZE
    assert (await api.upload(VIDEO)).status == 413, "a declared length is reserved"


async def test_resumable_uploads_of_unknown_length_cannot_exceed_the_quota_together(
    api: ConverterApi,
) -> None:
    paths = [await deferred(api) for _ in range(3)]
    answers = await asyncio.gather(*(append(api, path, 0, in_pieces(VIDEO)) for path in paths))
    assert {answer.status for answer in answers} <= {204, 413}
    assert await held(api) <= 2 * SIZE + SIZE // 2
    assert sum(answer.status == 204 for answer in answers) * SIZE == await held(api)


async def test_uploads_of_unknown_length_are_limited_in_number(api: ConverterApi) -> None:
    for _ in range(3):
        await deferred(api)
    assert (await api.call("POST", "/v1/uploads", headers={**TUS, "Upload-Defer-Length": "1"})).status == 429
