"""Uploads of unknown length (tus 1.0.0, creation-defer-length), at the gateway with a converter behind it."""

import base64
import hashlib
from collections.abc import AsyncIterator
from io import BytesIO

import pytest
import pytest_asyncio

from devstack.servers.mongo import Mongo
from tests.support.tus import Front, front, metadata

# One gateway and one converter for all tests.
pytestmark = pytest.mark.asyncio(loop_scope="module")

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(88))
LENGTH = len(VIDEO)
HALF = LENGTH // 2
MAX_BYTES = 3_000_000
NAMED = metadata(filename="talk.mp4", bitrate="128k")


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(mongo: Mongo) -> AsyncIterator[Front]:
    url = mongo.new_database()
    async with front(url, max_upload_bytes=MAX_BYTES) as running:
        yield running
    mongo.drop_database(url)


async def lengths(api: Front, path: str) -> tuple[str | None, str | None, str]:
    """Upload-Length, Upload-Defer-Length and Upload-Offset of HEAD."""
    answer = await api.call("HEAD", path)
    assert answer.status == 200
    fields = answer.headers
    return fields.get("Upload-Length"), fields.get("Upload-Defer-Length"), fields["Upload-Offset"]


async def status_of(api: Front, path: str) -> str:
    answer = await api.call("GET", path.replace("uploads", "conversions"))
    return str((await answer.json())["status"])


@pytest.mark.parametrize("declared", ["with the first bytes", "with the last bytes", "without bytes"])
async def test_the_length_comes_with_any_request(api: Front, declared: str) -> None:
    path, sent = await api.begin_deferred(Upload_Metadata=NAMED), str(LENGTH)
    first = {"Upload_Length": sent} if declared == "with the first bytes" else {}
    last = {"Upload_Length": sent} if declared == "with the last bytes" else {}
    half = await api.append(path, 0, VIDEO[:HALF], **first)
    assert half.status == 204
    assert await lengths(api, path) == ((sent, None, str(HALF)) if first else (None, "1", str(HALF)))
    whole = await api.append(path, HALF, VIDEO[HALF:], **last)
    if declared == "without bytes":
        assert await lengths(api, path) == (None, "1", sent)
        assert await status_of(api, path) == "uploading"
        whole = await api.append(path, LENGTH, b"", Upload_Length=sent)
    assert (whole.status, whole.headers["Upload-Length"]) == (204, sent)
    assert whole.headers["Tonegate-Conversion-Id"] == path.rpartition("/")[2]
    assert await lengths(api, path) == (sent, None, sent)
    assert await api.stored(path) == VIDEO
    record = await (await api.call("GET", path.replace("uploads", "conversions"))).json()
    assert (record["status"], record["source"]["size"]) == ("queued", LENGTH)


async def test_the_last_request_can_be_repeated_after_its_response_was_lost(api: Front) -> None:
    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO, Upload_Length=str(LENGTH))
    again = await api.append(path, LENGTH, b"", Upload_Length=str(LENGTH))
    assert (again.status, again.headers["Upload-Offset"]) == (204, str(LENGTH))
    assert again.headers["Tonegate-Conversion-Id"] == path.rpartition("/")[2]


@pytest.mark.parametrize(
    ("length", "status"),
    [
        (str(HALF - 1), 400),
        ("0", 400),
        ("-1", 400),
        ("ten", 400),
        ("", 400),
        (str(MAX_BYTES + 1), 413),
        ("9" * 30, 413),
    ],
)
async def test_an_impossible_length_changes_nothing(api: Front, length: str, status: int) -> None:
    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO[:HALF])
    answer = await api.append(path, HALF, b"", Upload_Length=length)
    assert answer.status == status
    assert await lengths(api, path) == (None, "1", str(HALF))
    assert (await api.append(path, HALF, VIDEO[HALF:], Upload_Length=str(LENGTH))).status == 204


async def test_an_upload_of_no_bytes_is_refused_when_its_length_is_known(api: Front) -> None:
    path = await api.begin_deferred()
    answer = await api.append(path, 0, b"", Upload_Length="0")
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "invalid_request")
    assert await lengths(api, path) == (None, "1", "0")


async def test_the_last_request_of_a_stream_may_have_a_chunked_body_without_bytes(api: Front) -> None:
    async def nothing() -> AsyncIterator[bytes]:
        for piece in list[bytes]():
            yield piece

    async def something() -> AsyncIterator[bytes]:
        yield b"x"

    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO)
    last = await api.append(path, LENGTH, nothing(), Upload_Length=str(LENGTH))
    assert (last.status, await status_of(api, path)) == (204, "queued")
    assert (await api.append(path, LENGTH, nothing())).status == 204
    assert (await api.append(path, LENGTH, something())).status == 413


async def test_a_length_cannot_be_changed(api: Front) -> None:
    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO[:HALF], Upload_Length=str(LENGTH))
    other = await api.append(path, HALF, VIDEO[HALF:], Upload_Length=str(LENGTH + 1))
    assert other.status == 400
    assert await lengths(api, path) == (str(LENGTH), None, str(HALF))


async def test_a_request_with_more_bytes_than_its_length_changes_nothing(api: Front) -> None:
    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO[:HALF])
    answer = await api.append(path, HALF, VIDEO[HALF:] + b"x", Upload_Length=str(LENGTH))
    assert answer.status == 413
    assert await lengths(api, path) == (None, "1", str(HALF))


async def test_a_wrong_offset_declares_no_length(api: Front) -> None:
    path = await api.begin_deferred()
    assert (await api.append(path, 7, b"", Upload_Length="7")).status == 409
    assert await lengths(api, path) == (None, "1", "0")


@pytest.mark.parametrize("is_streamed", [False, True], ids=["announced", "streamed"])
async def test_the_largest_video_bounds_an_upload_of_unknown_length(api: Front, is_streamed: bool) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield bytes(500_000)

    path = await api.begin_deferred()
    head = VIDEO + bytes(2_000_000 - LENGTH)
    await api.append(path, 0, BytesIO(head))
    answer = await api.append(path, len(head), pieces() if is_streamed else BytesIO(bytes(1_500_000)))
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (413, "too_large")
    assert await lengths(api, path) == (None, "1", str(len(head)))
    rest = MAX_BYTES - len(head)
    whole = await api.append(path, len(head), BytesIO(bytes(rest)), Upload_Length=str(MAX_BYTES))
    assert (whole.status, await status_of(api, path)) == (204, "queued")


async def test_bytes_with_a_wrong_checksum_are_discarded_and_the_length_is_kept(api: Front) -> None:
    path = await api.begin_deferred()
    right, wrong = (
        f"sha1 {base64.b64encode(hashlib.sha1(content).digest()).decode()}" for content in (VIDEO, b"")
    )
    for checksum, status in ((wrong, 460), (right, 204)):
        answer = await api.append(path, 0, VIDEO, Upload_Length=str(LENGTH), Upload_Checksum=checksum)
        assert answer.status == status
    assert await api.stored(path) == VIDEO


async def test_the_first_bytes_may_come_with_the_creation(api: Front) -> None:
    made = await api.call("POST", body=VIDEO[:9], headers={"Upload-Defer-Length": "1"})
    assert (made.status, made.headers["Upload-Offset"]) == (201, "9")
    assert (made.headers["Upload-Defer-Length"], made.headers["Upload-Expires"][-3:]) == ("1", "GMT")
    path = made.headers["Location"]
    assert (await api.append(path, 9, VIDEO[9:], Upload_Length=str(LENGTH))).status == 204
    assert await api.stored(path) == VIDEO


async def test_parts_of_unknown_length_are_concatenated_once_they_are_complete(api: Front) -> None:
    first = await api.begin_deferred(Upload_Concat="partial")
    second = await api.begin_deferred(Upload_Concat="partial")
    await api.append(first, 0, VIDEO[:HALF], Upload_Length=str(HALF))
    await api.append(second, 0, VIDEO[HALF:])
    headers = {"Upload-Concat": f"final;{first} {second}", "Upload-Metadata": NAMED}
    assert (await api.call("POST", headers=headers)).status == 409
    await api.append(second, LENGTH - HALF, b"", Upload_Length=str(LENGTH - HALF))
    final = await api.call("POST", headers=headers)
    assert (final.status, final.headers["Upload-Length"]) == (201, str(LENGTH))
    assert await api.stored(final.headers["Location"]) == VIDEO


async def test_a_repeated_creation_with_its_key_returns_the_same_upload(api: Front) -> None:
    asked = {"Upload-Defer-Length": "1", "Upload-Metadata": NAMED, "Idempotency-Key": "deferred"}
    first = await api.call("POST", headers=asked)
    await api.append(first.headers["Location"], 0, VIDEO[:HALF], Upload_Length=str(LENGTH))
    again = await api.call("POST", headers=asked)
    known = {"Upload-Length": str(LENGTH), "Upload-Metadata": NAMED, "Idempotency-Key": "deferred"}
    other = await api.call("POST", headers=known)
    assert again.headers["Location"] == first.headers["Location"]
    assert (again.status, again.headers["Upload-Offset"], other.status) == (201, str(HALF), 422)


async def test_an_upload_of_unknown_length_can_be_deleted(api: Front) -> None:
    path = await api.begin_deferred()
    await api.append(path, 0, VIDEO[:HALF])
    assert (await api.call("DELETE", path)).status == 204
    assert await api.offset(path) is None


async def test_what_is_no_media_is_refused_with_its_first_bytes(api: Front) -> None:
    path = await api.begin_deferred()
    assert (await api.append(path, 0, b"\x89PNG\r\n\x1a\n" + bytes(20))).status == 415
    assert await lengths(api, path) == (None, "1", "0")
