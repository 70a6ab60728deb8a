"""Uploads in one request: stored completely, or refused without leaving anything behind."""

import asyncio
import hashlib
import json
import random
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from tests.integration.converter_service.conftest import MAX_BYTES
from tests.support.converter import ConverterApi, converter_api
from tests.support.wait import PATIENCE_S, until

VIDEO = b"\x00\x00\x00\x18ftypmp42" + random.Random(3).randbytes(1_500_000)
BOUNDARY = "frontier"


def form(*parts: tuple[str, bytes], end: bytes = b"--\r\n") -> bytes:
    """A multipart body; `parts` are parameters of Content-Disposition, and contents."""
    body = b""
    for parameters, content in parts:
        head = f"--{BOUNDARY}\r\nContent-Disposition: form-data; {parameters}\r\n\r\n"
        body += head.encode() + content + b"\r\n"
    return body + f"--{BOUNDARY}".encode() + end


async def send_form(api: ConverterApi, body: object) -> aiohttp.ClientResponse:
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    return await api.call("POST", "/v1/conversions", data=body, headers=headers)


async def slowly(content: bytes, size: int = 100_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def stored_video(api: ConverterApi, conversion_id: str) -> bytes:
    document = await api.database["conversions"].find_one({"_id": conversion_id})
    assert document is not None
    chunks = api.database["fs.chunks"].find({"files_id": document["source_blob"]}).sort("n")
    return b"".join([chunk["data"] async for chunk in chunks])


async def problem(answer: aiohttp.ClientResponse) -> tuple[int, str]:
    assert answer.content_type == "application/problem+json"
    body = await answer.json(content_type=None)
    return answer.status, body["code"]


async def test_a_raw_upload_is_stored_and_returns_the_conversion(api: ConverterApi) -> None:
    answer = await api.upload(VIDEO, "filename=talk.mp4&bitrate=128k&channels=1")
    assert answer.status == 202
    conversion = await answer.json()
    assert answer.headers["Location"] == f"/v1/conversions/{conversion['id']}"
    assert conversion["created_at"].endswith("Z")
    assert {**conversion, "id": "", "created_at": ""} == {
        "id": "",
        "status": "queued",
        "progress": 0.0,
        "title": None,
        "source": {
            "filename": "talk.mp4",
            "size": len(VIDEO),
            "sha256": hashlib.sha256(VIDEO).hexdigest(),
            "duration": None,
            "container": None,
            "audio_codec": None,
            "audio_tracks": None,
        },
        "options": {"format": "mp3", "bitrate": "128k", "channels": 1},
        "result": None,
        "error": None,
        "created_at": "",
        "started_at": None,
        "finished_at": None,
        "expires_at": None,
    }
    assert await stored_video(api, conversion["id"]) == VIDEO


async def test_a_body_of_unknown_length_is_stored_completely(api: ConverterApi) -> None:
    answer = await api.upload(slowly(VIDEO))
    assert answer.status == 202
    assert await stored_video(api, (await answer.json())["id"]) == VIDEO


@pytest.mark.parametrize("place", ["before", "after", "around"])
async def test_option_fields_may_be_anywhere_in_the_form(api: ConverterApi, place: str) -> None:
    file = ('name="file"; filename="talk.mp4"', VIDEO)
    bitrate, channels = ('name="bitrate"', b"96k"), ('name="channels"', b"1")
    parts = {
        "before": (bitrate, channels, file),
        "after": (file, bitrate, channels),
        "around": (bitrate, file, channels),
    }[place]
    answer = await send_form(api, form(*parts))
    assert answer.status == 202
    conversion = await answer.json()
    assert conversion["options"] == {"format": "mp3", "bitrate": "96k", "channels": 1}
    assert await stored_video(api, conversion["id"]) == VIDEO


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ('name="file"; filename="talk.mp4"', "talk.mp4"),
        ('name="file"; filename="na\u00efve \u20ac.mp4"', "na\u00efve \u20ac.mp4"),
        (
            'name="file"; filename="x.mp4"; filename*=UTF-8\'\'na%C3%AFve%20%E2%82%AC.mp4',
            "na\u00efve \u20ac.mp4",
        ),
        ('name="file"; filename="=?UTF-8?B?bmHDr3ZlLm1wNA==?="', "na\u00efve.mp4"),
        ('name="file"; filename="=?nonsense?B?x?="', "=?nonsense?B?x?="),
        ('name="file"; filename="say %22hi%22.mp4"', 'say "hi".mp4'),
        ('name="file"; filename="../../etc/passwd"', "passwd"),
        ('name="file"', "upload"),
        ('name="file"; filename=""', "upload"),
    ],
)
async def test_the_file_name_is_taken_from_the_form(api: ConverterApi, parameters: str, name: str) -> None:
    answer = await send_form(api, form((parameters, VIDEO)))
    assert (await answer.json())["source"]["filename"] == name


async def test_a_form_that_arrives_in_tiny_pieces_is_read_the_same(api: ConverterApi) -> None:
    video = VIDEO[:3000]
    body = form(('name="file"; filename="a.mp4"', video), ('name="title"', b"x"))
    answer = await send_form(api, slowly(body, 7))
    assert answer.status == 202
    assert await stored_video(api, (await answer.json())["id"]) == video


FILE = ('name="file"; filename="talk.mp4"', VIDEO)


@pytest.mark.parametrize(
    "body",
    [
        form(('name="title"', b"x")),
        form(FILE, FILE),
        form(FILE, ('name="bitrate"', b"96k"), ('name="bitrate"', b"96k")),
        form(FILE, ('name="bitrate"', b"1k")),
        form(('name="bitrate"', b"1k"), FILE),
        form(FILE, ('name="nonsense"', b"1")),
        form(FILE, ('name="title"', b"\xff\xfe")),
        form(FILE, ('name="title"', b"x" * 5000)),
        form(FILE, *((f'name="f{number}"', b"") for number in range(40))),
        form((f'name="file"; filename="{"x" * 20_000}"', VIDEO)),
        form(FILE, end=b""),
        form(FILE)[:1_000_000],
        form(('name="file"; filename="empty.mp4"', b"")),
        form(),
        b"",
        b"no form at all",
        b"--" + BOUNDARY.encode() + b"\r\n" + VIDEO,
    ],
    ids=[
        "no video",
        "two videos",
        "a field twice",
        "bad option after",
        "bad option before",
        "unknown option",
        "a field that is no text",
        "a field too long",
        "too many parts",
        "a header too long",
        "not closed",
        "broken off",
        "an empty video",
        "no part",
        "empty",
        "no form",
        "no header's end",
    ],
)
async def test_an_invalid_form_is_refused_and_leaves_nothing(api: ConverterApi, body: bytes) -> None:
    assert await problem(await send_form(api, body)) == (400, "invalid_request")
    await until(api.nothing_left, what="nothing is left of the upload")


async def test_a_refused_option_is_named(api: ConverterApi) -> None:
    answer = await api.upload(VIDEO, "bitrate=1k&quality=x")
    body = await answer.json(content_type=None)
    assert {error["field"] for error in body["errors"]} == {"bitrate", "quality"}


async def test_options_in_the_query_of_a_form_upload_are_refused(
    api: ConverterApi,
) -> None:
    answer = await api.call(
        "POST",
        "/v1/conversions?bitrate=128k&filename=x.mp4",
        data=form(('name="file"; filename="a.mp4"', VIDEO)),
        headers={"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"},
    )
    body = await answer.json(content_type=None)
    assert (answer.status, body["code"]) == (400, "invalid_request")
    assert body["errors"] == [
        {"field": "bitrate", "message": "belongs in the form"},
        {"field": "filename", "message": "belongs in the form"},
    ]
    assert await api.nothing_left()


@pytest.mark.parametrize(
    ("parameters", "video"),
    [
        ('name="notfile"; filename="a.mkv"', VIDEO),
        ('name="notfile"; filename="a.mkv"', b"short"),
        ('name="notfile"', VIDEO),
    ],
)
async def test_a_video_in_another_field_is_refused_with_the_right_name(
    api: ConverterApi, parameters: str, video: bytes
) -> None:
    answer = await send_form(api, form((parameters, video)))
    body = await answer.json(content_type=None)
    assert (answer.status, body["detail"]) == (400, "The video belongs in a part with the name file.")
    assert body["errors"] == [{"field": "notfile", "message": "is not known"}]


async def test_an_option_sent_as_a_file_is_accepted(api: ConverterApi) -> None:
    """The form of a browser that sends a Blob."""
    parts = ('name="title"; filename="blob"', b"x"), ('name="file"; filename="a.mp4"', VIDEO)
    assert (await (await send_form(api, form(*parts))).json())["options"]["title"] == "x"


async def test_zero_bytes_are_refused(api: ConverterApi) -> None:
    assert await problem(await api.upload(b"")) == (400, "invalid_request")
    assert await problem(await api.upload(slowly(b""))) == (400, "invalid_request")
    assert await api.nothing_left()


@pytest.mark.parametrize(
    "content", [b"PK\x03\x04" + b"x" * 100_000, b"\x89PNG\r\n\x1a\n" + b"x" * 100, b"%PDF-1.7 ..."]
)
async def test_files_recognised_as_other_formats_are_refused(api: ConverterApi, content: bytes) -> None:
    assert await problem(await api.upload(content)) == (415, "unsupported_media_type")
    assert await problem(await send_form(api, form(('name="file"; filename="a.mp4"', content)))) == (
        415,
        "unsupported_media_type",
    )
    assert await api.nothing_left()


@pytest.mark.parametrize("kind", ["text/plain", "image/png", "text/json", "video", "video/", "nonsense"])
async def test_other_content_types_are_refused(api: ConverterApi, kind: str) -> None:
    answer = await api.call("POST", "/v1/conversions", data=VIDEO, headers={"Content-Type": kind})
    assert await problem(answer) == (415, "unsupported_media_type")


async def test_an_encoded_body_is_refused(api: ConverterApi) -> None:
    headers = {"Content-Type": "video/mp4", "Content-Encoding": "gzip"}
    answer = await api.call("POST", "/v1/conversions", data=VIDEO, headers=headers)
    assert await problem(answer) == (415, "unsupported_media_type")


async def test_a_video_of_exactly_the_limit_is_taken_and_one_byte_more_is_not(api: ConverterApi) -> None:
    assert (await api.upload(b"v" * MAX_BYTES)).status == 202
    assert (await send_form(api, form(('name="file"', b"v" * MAX_BYTES)))).status == 202
    taken = await api.leftovers()

    async def only_they_are_left() -> bool:
        return await api.leftovers() == taken

    assert await problem(await api.upload(b"v" * (MAX_BYTES + 1))) == (413, "too_large")
    assert await problem(await api.upload(slowly(b"v" * (MAX_BYTES + 1)))) == (413, "too_large")
    too_large = form(('name="file"', b"v" * (MAX_BYTES + 1)))
    assert await problem(await send_form(api, too_large)) == (413, "too_large")
    assert await problem(await send_form(api, slowly(too_large))) == (413, "too_large")
    await until(only_they_are_left, what="nothing is left of the refused uploads")


KILOBYTE = b"x" * 1000


async def repeated(start: bytes, times: int, end: bytes = b"") -> AsyncIterator[bytes]:
    """`start`, then many kilobytes, then `end`."""
    yield start
    for _ in range(times // 100):
        yield KILOBYTE * 100
    yield end


@pytest.mark.parametrize("kilobytes", [100, 10_000])
@pytest.mark.parametrize("place", ["before the first boundary", "after the last boundary"])
async def test_too_many_bytes_around_a_form_are_refused(
    api: ConverterApi, place: str, kilobytes: int
) -> None:
    before = place.startswith("before")
    body = repeated(b"", kilobytes, b"\r\n" + form(FILE)) if before else repeated(form(FILE), kilobytes)
    assert await problem(await send_form(api, body)) == (400, "invalid_request")
    await until(api.nothing_left, what="nothing is left of the upload")


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_a_few_bytes_around_a_form_do_no_harm(api: ConverterApi, size: int) -> None:
    video = VIDEO[:20_000]
    body = b"a preamble\r\n" + form(('name="file"', video)) + b"an epilogue\r\n" * 20
    answer = await send_form(api, slowly(body, size))
    assert answer.status == 202
    assert await stored_video(api, (await answer.json())["id"]) == video


async def test_everything_in_a_form_counts_towards_the_limit(api: ConverterApi) -> None:
    """Headers of parts count too: the parser accepts more bytes of them than the envelope may have."""
    header = f'name="title"\r\nX-Long: {"x" * 8000}'
    parts = [(header.replace("title", f"f{number}"), b"x" * 4000) for number in range(30)]
    video = ('name="file"', b"v" * MAX_BYTES)
    assert await problem(await send_form(api, slowly(form(video, *parts)))) == (413, "too_large")
    await until(api.nothing_left, what="nothing is left of the upload")


@pytest.mark.parametrize("kind", ["video/mp4", f"multipart/form-data; boundary={BOUNDARY}"])
async def test_a_declared_length_over_the_limit_is_refused_before_the_body(
    api: ConverterApi, kind: str
) -> None:
    reader, writer = await connected(api, length=10**12, kind=kind)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
    assert b" 413 " in head
    writer.close()
    assert await api.nothing_left()


async def test_a_client_that_waits_for_100_continue_is_refused_without_it(api: ConverterApi) -> None:
    reader, writer = await connected(api, length=10**12, extra="Expect: 100-continue\r\n")
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
    assert b" 413 " in head
    writer.close()


async def test_a_refused_client_that_is_still_writing_sees_the_response(api: ConverterApi) -> None:
    """The client reads only once it has written a body that no buffer of the kernel holds."""
    reader, writer = await connected(api, length=20_000_000, kind="text/plain")
    for _ in range(200):
        writer.write(KILOBYTE * 100)
        await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
    assert b" 415 " in head
    writer.close()


async def connected(
    api: ConverterApi, length: int | None, extra: str = "", kind: str = "video/mp4"
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Starts an upload on a bare connection; chunked with `length` None."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    framing = "Transfer-Encoding: chunked" if length is None else f"Content-Length: {length}"
    token = api.headers()["Authorization"]
    head = f"POST /v1/conversions HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: {kind}\r\n"
    writer.write(f"{head}{framing}\r\n{extra}\r\n".encode())
    await writer.drain()
    return reader, writer


@pytest.mark.parametrize("length", [2_000_000, None], ids=["length announced", "chunked"])
async def test_a_client_that_disconnects_midway_leaves_nothing(api: ConverterApi, length: int | None) -> None:
    _, writer = await connected(api, length)
    piece = VIDEO[:1_400_000]
    writer.write(piece if length else b"%x\r\n%s\r\n" % (len(piece), piece))
    await writer.drain()

    async def begun() -> bool:
        return await api.database["conversions"].count_documents({"status": "uploading"}) == 1

    await until(begun, what="the upload has begun")
    writer.close()
    await until(api.nothing_left, what="nothing is left of the upload")


async def test_a_stalled_upload_is_cut_off_and_leaves_nothing(mongo_url: str) -> None:
    async with converter_api(mongo_url, idle_timeout=timedelta(seconds=0.3)) as api:
        reader, writer = await connected(api, 2_000_000)
        writer.write(VIDEO[:1_200_000])
        await writer.drain()
        head = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
        assert b" 408 " in head
        writer.close()
        await until(api.nothing_left, what="nothing is left of the upload")


async def test_an_upload_deleted_in_the_middle_ends_and_leaves_nothing(api: ConverterApi) -> None:
    reader, writer = await connected(api, 2_000_000)
    writer.write(VIDEO[:1_000_000])
    await writer.drain()

    async def uploading() -> dict[str, Any] | None:
        page: dict[str, Any] = json.loads(await (await api.call("GET", "/v1/conversions")).text())
        return page["items"][0] if page["items"] else None

    conversion = await until(uploading, what="the upload shows up")
    assert conversion["status"] == "uploading"
    assert (await api.call("DELETE", f"/v1/conversions/{conversion['id']}")).status == 204
    writer.write(VIDEO[:1_000_000])
    await writer.drain()
    head = await asyncio.wait_for(reader.readuntil(b"\r\n"), PATIENCE_S)
    assert b" 409 " in head
    writer.close()
    await until(api.nothing_left, what="nothing is left of the upload")


async def test_concurrent_uploads_do_not_mix(api: ConverterApi) -> None:
    videos = [random.Random(seed).randbytes(400_000 + seed) for seed in range(8)]
    answers = await asyncio.gather(*(api.upload(slowly(video, 30_000)) for video in videos))
    for answer, video in zip(answers, videos, strict=True):
        assert await stored_video(api, (await answer.json())["id"]) == video


async def test_an_accepted_upload_publishes_an_event(api: ConverterApi) -> None:
    await api.upload(VIDEO)

    async def published() -> bool:
        return await api.database["conversions"].count_documents({"outbox": {"$exists": True}}) == 0

    await until(published, what="the event is published")
