"""A stored video is converted again with other options: its bytes are stored, and counted, once."""

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from converter_service.storage.queue import held_bytes_pipeline
from tests.support.converter import ConverterApi, converter_api
from tests.support.tus import metadata
from tests.support.wait import until

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(100_000)
SIZE = len(VIDEO)
UNKNOWN = "0" * 32


@pytest.fixture
async def api(mongo_url: str) -> AsyncIterator[ConverterApi]:
    """An api with a quota of one and a half videos per account."""
    async with converter_api(mongo_url, quota_bytes=SIZE + SIZE // 2) as running:
        yield running


async def again(api: ConverterApi, body: Any, owner: str = "alice", **headers: str) -> aiohttp.ClientResponse:
    return await api.call("POST", "/v1/conversions", owner, json=body, headers=headers)


async def uploaded(api: ConverterApi) -> str:
    answer = await api.upload(VIDEO, "filename=talk.mp4&title=A+talk")
    assert answer.status == 202
    return str((await answer.json())["id"])


async def problem(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    return answer.status, (await answer.json(content_type=None))["code"]


async def used(api: ConverterApi, owner: str = "alice") -> int:
    [found] = await (await api.database["conversions"].aggregate(held_bytes_pipeline(owner))).to_list()
    return int(found["bytes"])


async def blobs(api: ConverterApi) -> set[str]:
    return set(await api.database["fs.files"].distinct("_id"))


async def delete(api: ConverterApi, conversion_id: str) -> None:
    assert (await api.call("DELETE", f"/v1/conversions/{conversion_id}")).status == 204


async def test_a_stored_video_is_queued_again_with_other_options(api: ConverterApi) -> None:
    first = await uploaded(api)
    answer = await again(api, {"source": first, "format": "flac", "start": 1.5, "channels": 1})
    made = await answer.json()
    assert answer.status == 202
    assert answer.headers["Location"].endswith(f"/v1/conversions/{made['id']}")
    assert made["id"] != first
    assert (made["status"], made["source"]["filename"], made["source"]["size"]) == (
        "queued",
        "talk.mp4",
        SIZE,
    )
    assert made["options"] == {"format": "flac", "start": 1.5, "channels": 1}
    assert len(await blobs(api)) == 1
    events = await api.database["conversions"].distinct("outbox.envelope.type")
    assert all("video_uploaded" in str(event) for event in events)


async def test_a_video_counts_once_however_often_it_is_used_and_whichever_is_deleted(
    api: ConverterApi,
) -> None:
    first = await uploaded(api)
    second, third = [(await (await again(api, {"source": first})).json())["id"] for _ in range(2)]
    assert await used(api) == SIZE
    await delete(api, first)
    assert (await used(api), len(await blobs(api))) == (SIZE, 1)
    await delete(api, third)
    assert (await used(api), len(await blobs(api))) == (SIZE, 1)
    fourth = (await (await again(api, {"source": second})).json())["id"]
    await delete(api, second)
    assert (await used(api), len(await blobs(api))) == (SIZE, 1)
    await delete(api, fourth)
    await until(api.nothing_left, what="the last conversion takes the video with it")


async def test_a_resumable_upload_is_used_again_with_all_its_segments(api: ConverterApi) -> None:
    offered = {"Tus-Resumable": "1.0.0", "Upload-Length": str(SIZE)}
    named = {"Upload-Metadata": metadata(filename="a.mp4")}
    upload = await api.call("POST", "/v1/uploads", headers={**offered, **named})
    place = upload.headers["Location"].partition("/v1/")[2]
    half = SIZE // 2
    for at, piece in ((0, VIDEO[:half]), (half, VIDEO[half:])):
        headers = {
            "Tus-Resumable": "1.0.0",
            "Upload-Offset": str(at),
            "Content-Type": "application/offset+octet-stream",
        }
        sent = await api.call("PATCH", f"/v1/{place}", data=piece, headers=headers)
        assert sent.status == 204
        if at == 0:
            waiting = place.rpartition("/")[2]
            assert await problem(await again(api, {"source": waiting})) == (409, "not_ready")
    first = sent.headers["Tonegate-Conversion-Id"]
    stored = await blobs(api)
    second = (await (await again(api, {"source": first, "format": "opus"})).json())["id"]
    await delete(api, first)
    assert await blobs(api) == stored
    await delete(api, second)
    await until(api.nothing_left)


async def test_what_is_not_there_is_refused_and_stores_nothing(api: ConverterApi) -> None:
    first = await uploaded(api)
    assert await problem(await again(api, {"source": first}, owner="bob")) == (404, "not_found")
    assert await problem(await again(api, {"source": UNKNOWN})) == (404, "not_found")
    await api.database["conversions"].update_one({"_id": first}, {"$set": {"status": "expired"}})
    assert await problem(await again(api, {"source": first})) == (410, "gone")
    assert await api.database["conversions"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["source"]),
        ({"source": 7}, ["source"]),
        ({"source": UNKNOWN, "format": "ogg"}, ["format"]),
        ({"source": UNKNOWN, "bitrate": 128}, ["bitrate"]),
        ({"source": UNKNOWN, "colour": "red", "start": -1}, ["colour", "start"]),
        ({"source": UNKNOWN, "channels": True}, []),
        ({"source": UNKNOWN, "channels": None}, []),
        ([UNKNOWN], []),
        ("text", []),
    ],
)
async def test_an_invalid_request_is_refused_and_names_its_fields(
    api: ConverterApi, body: Any, fields: list[str]
) -> None:
    answer = await again(api, body)
    found = await answer.json(content_type=None)
    assert (answer.status, found["code"]) == (400, "invalid_request")
    assert sorted(each["field"] for each in found.get("errors", [])) == fields


async def test_a_body_that_is_no_json_too_large_or_compressed_is_refused(api: ConverterApi) -> None:
    kind = {"Content-Type": "application/json"}
    for content, more, status in (
        (b"{", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"", {}, 400),
        (b'{"source": "' + b"a" * 70_000 + b'"}', {}, 413),
        (b"{}", {"Content-Encoding": "gzip"}, 415),
    ):
        answer = await api.call("POST", "/v1/conversions", data=content, headers={**kind, **more})
        assert answer.status == status, content[:20]
    answer = await api.call("POST", "/v1/conversions?format=wav", json={"source": UNKNOWN})
    assert await problem(answer) == (400, "invalid_request")


async def test_a_repeated_request_with_its_key_is_answered_as_before(api: ConverterApi) -> None:
    first = await uploaded(api)
    wanted, key = {"source": first, "format": "flac"}, {"Idempotency-Key": "once"}
    made = await again(api, wanted, **key)
    repeated = await again(api, wanted, **key)
    assert (made.status, await made.read()) == (repeated.status, await repeated.read())
    await delete(api, first)
    late = await again(api, wanted, **key)
    assert (late.status, await late.read()) == (made.status, await made.read()), "the first one is gone"
    assert await problem(await again(api, wanted)) == (404, "not_found")
    other = {"source": (await made.json())["id"], "format": "wav"}
    assert await problem(await again(api, other, **key)) == (422, "idempotency_mismatch")
    assert await api.database["conversions"].count_documents({}) == 1
