"""Commands of an owner over HTTP: cancel, retry, signed links."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import Conversion
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.removal import bytes_deleted, expired
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from tests.support.conversions import RETENTION, converting, done, failed_one, queued, uploading
from tests.support.converter import ConverterApi
from tests.support.wait import until


async def put(api: ConverterApi, conversion: Conversion) -> str:
    await MongoConversions(api.database, utc_now).add(conversion)
    return f"/v1/conversions/{conversion.id}"


async def get(api: ConverterApi, conversion: Conversion) -> Conversion:
    found = await MongoConversions(api.database, utc_now).get(conversion.id)
    assert found is not None
    return found


async def test_a_conversion_is_renamed_in_any_state(api: ConverterApi) -> None:
    for number, make in enumerate((uploading, queued, converting, done, failed_one)):
        made = make(number, at=utc_now())
        path = await put(api, made)
        answer = await api.call("PATCH", path, json={"title": "  Talk\u202e of \n Ada "})
        assert (answer.status, (await answer.json())["title"]) == (200, "Talk of Ada")
        renamed = await get(api, made)
        assert renamed.revision == made.revision + 1, "event streams see it"
        assert replace(renamed, title=None, revision=made.revision, version=made.version) == made
        for nothing in (" ", None):
            answer = await api.call("PATCH", path, json={"title": nothing})
            assert (await answer.json())["title"] is None


async def test_a_title_that_is_too_long_or_not_ones_own_is_refused(api: ConverterApi) -> None:
    path = await put(api, queued(1))
    for body in ({"title": "x" * 201}, {"title": 5}, {}, {"title": "a", "status": "completed"}):
        answer = await api.call("PATCH", path, json=body)
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "invalid_request")
    other = await put(api, queued(2, owner_id="bob"))
    assert (await api.call("PATCH", other, json={"title": "Mine"})).status == 404
    assert (await get(api, queued(2))).title is None


async def test_an_unfinished_conversion_is_cancelled_once(api: ConverterApi) -> None:
    for number, make in enumerate((queued, converting)):
        path = await put(api, make(number, at=utc_now()))
        answers = [await api.call("POST", f"{path}/cancel") for _ in range(2)]
        assert [answer.status for answer in answers] == [200, 200]
        assert await answers[0].json() == await answers[1].json()
        assert (await answers[0].json())["status"] == "cancelled"


async def test_a_finished_conversion_is_not_cancelled(api: ConverterApi) -> None:
    for number, make in enumerate((done, failed_one)):
        path = await put(api, make(number, at=utc_now()))
        answer = await api.call("POST", f"{path}/cancel")
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "conflict")


async def test_an_upload_that_is_cancelled_ends_and_leaves_no_bytes(api: ConverterApi) -> None:
    go_on = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"video" * 100_000
        await go_on.wait()
        yield b"video"

    sending = asyncio.create_task(api.upload(body()))

    async def begun() -> str | None:
        items = (await (await api.call("GET", "/v1/conversions")).json())["items"]
        return items[0]["id"] if items else None

    identity = await until(begun, what="the upload begins")
    path = f"/v1/conversions/{identity}"
    assert (await api.call("POST", f"{path}/cancel")).status == 200
    go_on.set()
    answer = await sending
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "conflict")
    assert (await (await api.call("GET", path)).json())["status"] == "cancelled"

    async def only_the_record_is_left() -> bool:
        return await api.leftovers() == {"conversions": 1, "fs.chunks": 0, "fs.files": 0}

    await until(only_the_record_is_left, what="the bytes are deleted")
    assert (await api.call("POST", f"{path}/retry")).status == 410


async def test_a_retried_conversion_is_queued_with_all_its_attempts(api: ConverterApi) -> None:
    now = utc_now()
    for conversion in (failed_one(1, at=now), cancelled(queued(2, at=now), now=now, retention=RETENTION)):
        path = await put(api, conversion)
        answer = await api.call("POST", f"{path}/retry")
        body = await answer.json()
        assert (answer.status, body["status"], body["error"], body["expires_at"]) == (
            202,
            "queued",
            None,
            None,
        )
        assert (await get(api, conversion)).attempts == 0
        again = await api.call("POST", f"{path}/retry")
        assert (again.status, (await again.json(content_type=None))["code"]) == (409, "conflict")


async def test_a_conversion_without_its_video_is_not_retried(api: ConverterApi) -> None:
    gone = bytes_deleted(expired(done(at=utc_now()), utc_now()))
    lost = replace(failed_one(2, at=utc_now()), source_blob=None)
    for conversion in (gone, lost):
        answer = await api.call("POST", f"{await put(api, conversion)}/retry")
        assert (answer.status, (await answer.json(content_type=None))["code"]) == (410, "gone")


async def finished(api: ConverterApi) -> Conversion:
    async def content() -> AsyncIterator[bytes]:
        yield b"a" * 99

    conversion = done(at=utc_now())
    await GridFSBlobs(api.database, utc_now).write(str(conversion.audio_blob), content())
    await put(api, conversion)
    return conversion


async def test_a_link_gives_the_audio_until_the_conversion_is_deleted(
    api: ConverterApi,
) -> None:
    conversion = await finished(api)
    path = f"/v1/conversions/{conversion.id}"
    answer = await api.call("POST", f"{path}/link", json={"expires_in": 60})
    made = await answer.json()
    assert answer.status == 201
    base, local = "http://127.0.0.1:8000", made["url"].removeprefix("http://127.0.0.1:8000")
    assert made["url"].startswith(f"{base}{path}/audio?")
    left = datetime.fromisoformat(made["expires_at"]) - utc_now()
    assert timedelta(seconds=50) < left <= timedelta(seconds=61)
    part = await api.call("GET", local, None, headers={"Range": "bytes=-9"})
    assert (part.status, await part.read(), part.headers["Content-Range"]) == (
        206,
        b"a" * 9,
        "bytes 90-98/99",
    )
    assert (await api.call("HEAD", local, None)).headers["Content-Length"] == "99"
    assert (await api.call("DELETE", path)).status == 204
    assert (await api.call("GET", local, None)).status == 404


async def test_ended_links_give_nothing_and_later_ones_do(api: ConverterApi) -> None:
    path = f"/v1/conversions/{(await finished(api)).id}"

    async def made() -> str:
        answer = await api.call("POST", f"{path}/link", json={"expires_in": 60})
        return str((await answer.json())["url"]).removeprefix("http://127.0.0.1:8000")

    first, second = await made(), await made()
    assert (await api.call("DELETE", f"{path}/link")).status == 204
    for ended in (first, second):
        for method in ("GET", "HEAD"):
            assert (await api.call(method, ended, None)).status == 401
    assert (await api.call("GET", await made(), None)).status == 200


async def test_a_link_lasts_no_longer_than_its_audio(api: ConverterApi) -> None:
    conversion = await finished(api)
    path = f"/v1/conversions/{conversion.id}/link"
    made = await (await api.call("POST", path, json={"expires_in": 2_592_000})).json()
    assert conversion.expires_at is not None
    assert datetime.fromisoformat(made["expires_at"]) == conversion.expires_at.replace(microsecond=0)


async def test_a_link_with_an_invalid_lifetime_is_refused(api: ConverterApi) -> None:
    path = await put(api, done(at=utc_now()))
    for wanted in (0, -1, 2_592_001, "soon", None, 1e400):
        answer = await api.call("POST", f"{path}/link", json={"expires_in": wanted})
        assert answer.status == 400, wanted


async def test_a_conversion_without_audio_has_no_link(api: ConverterApi) -> None:
    path = await put(api, queued(at=utc_now()))
    answer = await api.call("POST", f"{path}/link", json={})
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (409, "not_ready")


async def test_conversions_of_other_accounts_cannot_be_controlled(api: ConverterApi) -> None:
    path = await put(api, uploading(at=utc_now()))
    for what in ("cancel", "retry", "link"):
        assert (await api.call("POST", f"{path}/{what}", "mallory", json={})).status == 404
    assert (await api.call("DELETE", f"{path}/link", "mallory")).status == 404
