"""Downloads of the audio: whole, in ranges, for its owner and with a signed link."""

import hashlib
import random
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import quote

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.signed_links import SignedLinks
from converter_service.conversions.transitions.removal import bytes_deleted, deleted, expired
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from tests.support.conversions import converting, done, failed_one, queued, uploading
from tests.support.converter import LINK_KEY, ConverterApi
from tests.support.wait import until

AUDIO = random.Random(5).randbytes(2_500_000)
SHA256 = hashlib.sha256(AUDIO).hexdigest()
ETAG = f'"{SHA256}"'


@dataclass
class Finished:
    """A completed conversion of alice, with its audio stored."""

    api: ConverterApi
    conversion: Conversion
    path: str


async def put(api: ConverterApi, conversion: Conversion) -> Conversion:
    await MongoConversions(api.database, utc_now).add(conversion)
    return conversion


@pytest.fixture
async def finished(api: ConverterApi) -> Finished:
    return await finished_as(api, "My Tälk.mp4")


async def finished_as(api: ConverterApi, filename: str, number: int = 1) -> Finished:
    async def content() -> AsyncIterator[bytes]:
        yield AUDIO

    result = Result(size=len(AUDIO), duration=60.0, format="mp3", bitrate=192_000, sha256=SHA256)
    made = done(number, at=utc_now())
    conversion = replace(made, result=result, source=replace(made.source, filename=filename))
    await GridFSBlobs(api.database, utc_now).write(str(conversion.audio_blob), content())
    await put(api, conversion)
    return Finished(api, conversion, f"/v1/conversions/{conversion.id}/audio")


async def test_the_whole_audio(finished: Finished) -> None:
    answer = await finished.api.call("GET", finished.path)
    assert (answer.status, await answer.read()) == (200, AUDIO)
    assert answer.headers["Content-Type"] == "audio/mpeg"
    assert answer.headers["Content-Length"] == str(len(AUDIO))
    assert answer.headers["ETag"] == ETAG
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"My T_lk.mp3\"; filename*=UTF-8''My%20T%C3%A4lk.mp3"
    )


async def test_a_renamed_conversion_is_saved_under_its_title(finished: Finished) -> None:
    await finished.api.call(
        "PATCH", f"/v1/conversions/{finished.conversion.id}", json={"title": "AC/DC live.mov"}
    )
    answer = await finished.api.call("GET", finished.path)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="AC_DC live.mp3"'


async def test_head_has_the_headers_of_get_without_the_body(finished: Finished) -> None:
    got = await finished.api.call("GET", finished.path)
    asked = await finished.api.call("HEAD", finished.path)
    assert (asked.status, await asked.read()) == (200, b"")
    same = ("Content-Type", "Content-Length", "ETag", "Accept-Ranges", "Content-Disposition")
    assert {name: asked.headers[name] for name in same} == {name: got.headers[name] for name in same}


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=1048575-1048576", 1_048_575, 1_048_576),
        ("bytes=2000000-", 2_000_000, 2_499_999),
        ("bytes=-5", 2_499_995, 2_499_999),
        ("bytes=2499999-9999999", 2_499_999, 2_499_999),
    ],
)
async def test_a_range_of_the_audio(finished: Finished, wanted: str, first: int, last: int) -> None:
    answer = await finished.api.call("GET", finished.path, headers={"Range": wanted})
    assert answer.status == 206
    assert answer.headers["Content-Range"] == f"bytes {first}-{last}/{len(AUDIO)}"
    assert answer.headers["Content-Length"] == str(last - first + 1)
    assert await answer.read() == AUDIO[first : last + 1]


async def test_a_range_past_the_end(finished: Finished) -> None:
    answer = await finished.api.call("GET", finished.path, headers={"Range": "bytes=2500000-"})
    assert answer.status == 416
    assert answer.headers["Content-Range"] == f"bytes */{len(AUDIO)}"
    assert (await answer.json(content_type=None))["code"] == "range_not_satisfiable"


@pytest.mark.parametrize("wanted", ["bytes=0-1,5-6", "items=0-1", "bytes=9-1"])
async def test_any_other_range_header_gets_the_complete_audio(finished: Finished, wanted: str) -> None:
    answer = await finished.api.call("GET", finished.path, headers={"Range": wanted})
    assert (answer.status, len(await answer.read())) == (200, len(AUDIO))


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_an_unchanged_audio_is_a_304(finished: Finished, method: str) -> None:
    answer = await finished.api.call(method, finished.path, headers={"If-None-Match": f'"x", {ETAG}'})
    assert (answer.status, await answer.read()) == (304, b"")
    assert answer.headers["ETag"] == ETAG


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_if_match_with_another_etag_is_a_412(finished: Finished, method: str) -> None:
    same, other = {"If-Match": f'"x", {ETAG}'}, {"If-Match": '"other"', "If-None-Match": ETAG}
    assert (await finished.api.call(method, finished.path, headers=same)).status == 200
    assert (await finished.api.call(method, finished.path, headers=other)).status == 412


async def test_a_range_is_ignored_if_if_range_does_not_match(finished: Finished) -> None:
    same = {"Range": "bytes=0-9", "If-Range": ETAG}
    other = {"Range": "bytes=0-9", "If-Range": '"other"'}
    assert (await finished.api.call("GET", finished.path, headers=same)).status == 206
    assert (await finished.api.call("GET", finished.path, headers=other)).status == 200


@pytest.mark.parametrize(
    "name",
    [
        "../../etc/passwd",
        "a\x00b.mp4",
        'say "hi".mp4',
        "line\nbreak\r\nX-Evil: 1.mp4",
        "-rf.mp4",
        "x" * 1000 + ".mp4",
        "🎬🎬.mp4",
        "ünï; filename=evil.exe",
    ],
)
async def test_a_hostile_file_name_is_sanitized_in_the_response(api: ConverterApi, name: str) -> None:
    body = b"video"
    uploaded = await (await api.upload(body, f"filename={quote(name)}")).json()
    kept: str = uploaded["source"]["filename"]
    assert len(kept.encode()) <= 255
    assert not re.search(r"[/\\\x00-\x1f\x7f]", kept)
    made = await finished_as(api, kept)
    answer = await api.call("GET", made.path)
    header = answer.headers["Content-Disposition"]
    assert header.isascii()
    assert header.isprintable()
    assert "X-Evil" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("make", [uploading, queued, converting, failed_one])
async def test_audio_of_an_unfinished_conversion_is_not_ready(
    api: ConverterApi, make: type, method: str
) -> None:
    conversion = await put(api, make(at=utc_now()))
    answer = await api.call(method, f"/v1/conversions/{conversion.id}/audio")
    assert answer.status == 409
    if method == "GET":
        body = await answer.json(content_type=None)
        assert body["code"] == "not_ready"
        assert re.fullmatch(r"The (video|conversion) (is still|has not|failed|was).*\.", body["detail"])


async def test_audio_after_its_retention_is_gone(api: ConverterApi) -> None:
    conversion = await put(api, bytes_deleted(expired(done(), utc_now())))
    answer = await api.call("GET", f"/v1/conversions/{conversion.id}/audio")
    assert answer.status == 410
    assert (await answer.json(content_type=None))["code"] == "gone"


async def test_deletion_removes_the_bytes_and_the_record(finished: Finished) -> None:
    path = f"/v1/conversions/{finished.conversion.id}"
    assert (await finished.api.call("DELETE", path)).status == 204
    await until(finished.api.nothing_left, what="nothing is left of the conversion")
    assert (await finished.api.call("GET", path)).status == 404
    assert (await finished.api.call("DELETE", path)).status == 404


async def test_a_signed_link_needs_no_token(finished: Finished) -> None:
    link = SignedLinks(LINK_KEY).sign(finished.conversion.id, utc_now() + timedelta(minutes=1))
    for method in ("GET", "HEAD"):
        assert (await finished.api.call(method, link, None)).status == 200


async def test_a_signed_link_expires(finished: Finished) -> None:
    link = SignedLinks(LINK_KEY).sign(finished.conversion.id, utc_now() - timedelta(seconds=1))
    assert (await finished.api.call("GET", link, None)).status == 410


async def test_a_signed_link_cannot_be_altered(finished: Finished) -> None:
    link = SignedLinks(LINK_KEY).sign(finished.conversion.id, utc_now() + timedelta(minutes=1))
    other = (await finished_as(finished.api, "x.mp4", 2)).conversion.id
    for altered in (
        link.replace(finished.conversion.id, other),
        link.replace("expires=1", "expires=2"),
        link[:-3],
    ):
        assert (await finished.api.call("GET", altered, None)).status == 401


async def test_a_signed_link_is_valid_for_the_audio_only(finished: Finished) -> None:
    link = SignedLinks(LINK_KEY).sign(finished.conversion.id, utc_now() + timedelta(minutes=1))
    query = link.partition("?")[2]
    path = f"/v1/conversions/{finished.conversion.id}?{query}"
    assert (await finished.api.call("GET", path, None)).status == 401
    assert (await finished.api.call("DELETE", path, None)).status == 401


async def test_a_link_is_invalid_after_the_conversion_is_deleted(finished: Finished) -> None:
    link = SignedLinks(LINK_KEY).sign(finished.conversion.id, utc_now() + timedelta(minutes=1))
    await MongoConversions(finished.api.database, utc_now).save(deleted(finished.conversion, utc_now()))
    assert (await finished.api.call("GET", link, None)).status == 404
