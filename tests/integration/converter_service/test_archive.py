"""Archives over HTTP: content, problems before the first byte, signed links."""

import io
import zipfile
import zlib
from collections.abc import AsyncIterator, Sequence
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from msgspec.structs import replace

from converter_service.conversions.model import Conversion, Result
from converter_service.conversions.transitions.removal import bytes_deleted, expired
from converter_service.storage.conversions import MongoConversions
from converter_service.storage.gridfs import GridFSBlobs
from shared.clock import utc_now
from tests.support.conversions import converting, done
from tests.support.converter import ConverterApi

PATH = "/v1/conversions/archive"
CONTENTS = (b"first" * 100_000, b"second", b"third" * 1000)


async def stored(
    api: ConverterApi, number: int, content: bytes, *, owner_id: str = "alice", checked: bool = True
) -> Conversion:
    async def once() -> AsyncIterator[bytes]:
        yield content

    made = done(number, owner_id=owner_id, at=utc_now())
    result = Result(
        size=len(content),
        duration=1.0,
        format="mp3",
        bitrate=192_000,
        sha256="b" * 64,
        crc32=zlib.crc32(content) if checked else None,
    )
    conversion = replace(made, result=result, source=replace(made.source, filename="../same name.mp4"))
    await GridFSBlobs(api.database, utc_now).write(str(conversion.audio_blob), once())
    await MongoConversions(api.database, utc_now).add(conversion)
    return conversion


@pytest.fixture
async def three(api: ConverterApi) -> Sequence[Conversion]:
    """The last one is of a version that stored no checksums."""
    return [await stored(api, number, content, checked=number < 2) for number, content in enumerate(CONTENTS)]


def ids(conversions: Sequence[Conversion]) -> str:
    return ",".join(each.id for each in conversions)


async def test_an_archive_has_the_audio_of_each_under_a_name_of_its_own(
    api: ConverterApi, three: Sequence[Conversion]
) -> None:
    answer = await api.call("GET", f"{PATH}?ids={ids(three)},{three[0].id}")
    body = await answer.read()
    assert (answer.status, answer.content_type) == (200, "application/zip")
    assert int(answer.headers["Content-Length"]) == len(body)
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        assert opened.testzip() is None
        assert {each.filename: opened.read(each) for each in opened.infolist()} == {
            "same name.mp3": CONTENTS[0],
            "same name (2).mp3": CONTENTS[1],
            "same name (3).mp3": CONTENTS[2],
        }


async def test_a_title_is_the_name_in_the_archive(api: ConverterApi, three: Sequence[Conversion]) -> None:
    await api.call("PATCH", f"/v1/conversions/{three[0].id}", json={"title": "Talk: part 1/2"})
    answer = await api.call("GET", f"{PATH}?ids={three[0].id}")
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as opened:
        assert opened.namelist() == ["Talk_ part 1_2.mp3"]


async def test_problems_are_answered_before_the_first_byte(
    api: ConverterApi, three: Sequence[Conversion]
) -> None:
    store = MongoConversions(api.database, utc_now)
    running, other = converting(7, at=utc_now()), await stored(api, 8, b"x", owner_id="bob")
    await store.add(running)
    ended = await store.save(bytes_deleted(expired(three[1], utc_now())))
    for conversion, status, code in (
        (running, 409, "not_ready"),
        (other, 404, "not_found"),
        (ended, 410, "gone"),
    ):
        answer = await api.call("GET", f"{PATH}?ids={three[0].id},{conversion.id}")
        problem = await answer.json(content_type=None)
        assert (answer.status, problem["code"]) == (status, code)
        assert conversion.id in problem["detail"]


@pytest.mark.parametrize(
    "query", ["", "?ids=", "?ids=a,,b", "?ids=a/../b", f"?ids={','.join(map(str, range(101)))}"]
)
async def test_ids_that_are_none_or_too_many_are_refused(api: ConverterApi, query: str) -> None:
    answer = await api.call("GET", f"{PATH}{query}")
    assert (answer.status, (await answer.json(content_type=None))["code"]) == (400, "invalid_request")


async def test_an_archive_needs_a_token_or_a_link(api: ConverterApi, three: Sequence[Conversion]) -> None:
    assert (await api.call("GET", f"{PATH}?ids={ids(three)}", owner=None)).status == 401


async def test_a_link_to_an_archive_needs_no_token_and_is_for_these_alone(
    api: ConverterApi, three: Sequence[Conversion]
) -> None:
    made = await api.call("POST", PATH, json={"ids": [each.id for each in three[:2]]})
    assert made.status == 201
    url = urlsplit((await made.json())["url"])
    query = dict(parse_qsl(url.query))
    answer = await api.call("GET", f"{url.path}?{url.query}", owner=None)
    with zipfile.ZipFile(io.BytesIO(await answer.read())) as opened:
        assert [opened.read(name) for name in opened.namelist()] == list(CONTENTS[:2])
    for change in (
        {"ids": ids(three)},
        {"ids": three[0].id},
        {"expires": str(int(query["expires"]) + 1)},
        {"series": "0.1"},
        {"series": "0.0.0"},
        {"series": ""},
        {"signature": "x"},
    ):
        changed = await api.call("GET", f"{PATH}?{urlencode({**query, **change})}", owner=None)
        assert changed.status == 401, change


async def test_a_link_to_an_archive_ends_with_the_links_to_its_audio(
    api: ConverterApi, three: Sequence[Conversion]
) -> None:
    made = await api.call("POST", PATH, json={"ids": [each.id for each in three]})
    url = urlsplit((await made.json())["url"])
    assert (await api.call("DELETE", f"/v1/conversions/{three[1].id}/link")).status == 204
    assert (await api.call("GET", f"{url.path}?{url.query}", owner=None)).status == 401
    again = await api.call("POST", PATH, json={"ids": [each.id for each in three]})
    url = urlsplit((await again.json())["url"])
    assert (await api.call("GET", f"{url.path}?{url.query}", owner=None)).status == 200


async def test_a_link_of_one_audio_opens_no_archive(api: ConverterApi, three: Sequence[Conversion]) -> None:
    made = await api.call("POST", f"/v1/conversions/{three[0].id}/link", json={"expires_in": 60})
    query = urlsplit((await made.json())["url"]).query
    for more in ("", "&series=0"):
        answer = await api.call("GET", f"{PATH}?ids={three[0].id}&{query}{more}", owner=None)
        assert answer.status == 401
