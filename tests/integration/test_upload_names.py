"""File names and Content-Types as all kinds of clients send them, through gateway and converter."""

from collections.abc import AsyncIterator
from urllib.parse import quote_from_bytes

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devstack.servers.mongo import Mongo
from tests.support.tus import Front, front

# One gateway and one converter for all tests.
pytestmark = pytest.mark.asyncio(loop_scope="module")

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(88))
BOUNDARY = "frontier"
FORM = f"multipart/form-data; boundary={BOUNDARY}"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def api(mongo: Mongo) -> AsyncIterator[Front]:
    url = mongo.new_database()
    async with front(url, quota_conversions=0) as running:
        yield running
    mongo.drop_database(url)


def part(parameters: bytes, content: bytes, headers: bytes = b"") -> bytes:
    disposition = b"Content-Disposition: form-data; " + parameters
    return b"--%b\r\n%b\r\n%b\r\n%b\r\n" % (BOUNDARY.encode(), disposition, headers, content)


def form(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


async def send(api: Front, body: bytes, kind: str | None = FORM, query: str = "") -> aiohttp.ClientResponse:
    headers = {"Tus-Resumable": None, "Content-Type": kind}
    skipped = ["Content-Type"] if kind is None else None
    return await api.call(
        "POST", f"/v1/conversions{query}", body=body, headers=headers, skip_auto_headers=skipped
    )


async def accepted(answer: aiohttp.ClientResponse) -> str:
    """The file name of the accepted upload."""
    assert answer.status == 202, await answer.text()
    name: str = (await answer.json())["source"]["filename"]
    return name


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        (b'filename="caf\xe9.wav"', "café.wav"),
        (b"filename=caf\xe9.wav", "café.wav"),
        (b'filename="=?undefined?q?x?="', "=?undefined?q?x?="),
        (b'filename="=?hex?b?eA==?="', "=?hex?b?eA==?="),
        (b'filename="=?iso-8859-1?q?caf=E9.wav?="', "café.wav"),
        ('filename="会議の録画.mp4"'.encode("shift_jis"), "会議の録画.mp4"),
        ('filename="会议录像.mp4"'.encode("gbk"), "会议录像.mp4"),
        ('filename="лекция.mp4"'.encode("windows-1251"), "лекция.mp4"),
        ('filename="naïve 🎬.mp4"'.encode(), "naïve 🎬.mp4"),
        (b"filename=x; filename*=UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
        (b'filename="C:\\fakepath\\x.mp4"', "x.mp4"),
        (b'filename="say \\"hi\\".mp4"', 'say "hi".mp4'),
        (b'filename="a%0D%0Ab.mp4"', "ab.mp4"),
        (b'filename="\xe2\x80\xaegpj.exe"', "gpj.exe"),
        (b'filename="%b.mp4"' % (b"x" * 1000), "x" * 251 + ".mp4"),
        (b'filename=""', "upload"),
    ],
)
async def test_a_form_may_name_its_file_in_any_way(api: Front, parameters: bytes, name: str) -> None:
    answer = await send(api, form(part(b'name="file"; ' + parameters, VIDEO)))
    assert await accepted(answer) == name


async def test_a_form_may_declare_its_charset(api: Front) -> None:
    file = part(b'name="file"; filename="\x95\x5c.mp4"', VIDEO)
    in_header = await send(api, form(file), f"{FORM}; charset=Shift_JIS")
    in_field = await send(api, form(part(b'name="_charset_"', b"Shift_JIS"), file))
    assert await accepted(in_header) == await accepted(in_field) == "表.mp4"


async def test_a_field_may_declare_its_charset(api: Front) -> None:
    """Java's clients declare ISO-8859-1 for each text."""
    title = part(b'name="title"', b"caf\xe9", b"Content-Type: text/plain; charset=ISO-8859-1\r\n")
    answer = await send(api, form(title, part(b'name="file"; filename="a.mp4"', VIDEO)))
    assert (await answer.json())["options"]["title"] == "café"


@pytest.mark.parametrize(
    ("sent", "name"),
    [
        (b"caf\xe9.wav", "café.wav"),
        ("会議の録画.mp4".encode("shift_jis"), "会議の録画.mp4"),
        ("naïve & co + 1.mp4".encode(), "naïve & co + 1.mp4"),
        (b"C:\\fakepath\\x.mp4", "x.mp4"),
        (b"", "upload"),
    ],
)
async def test_the_query_may_name_the_file_in_any_charset(api: Front, sent: bytes, name: str) -> None:
    query = f"?bitrate=128k&filename={quote_from_bytes(sent, safe='')}"
    assert await accepted(await send(api, VIDEO, "video/mp4", query)) == name


async def test_other_parameters_of_a_query_are_utf8(api: Front) -> None:
    answer = await send(api, VIDEO, "video/mp4", "?title=caf%E9")
    assert answer.status == 400


@pytest.mark.parametrize(
    "kind",
    [
        None,
        "",
        "application/mp4",
        "application/ogg",
        "application/x-matroska",
        "application/octet-stream",
        "binary/octet-stream",
        "video/*",
        "audio/*",
        "Video/MP4",
        'video/mp4; codecs="avc1.42E01E, mp4a.40.2"',
        "APPLICATION/OCTET-STREAM ; charset=binary",
    ],
)
async def test_a_body_may_be_a_video_by_its_type_or_without_one(api: Front, kind: str | None) -> None:
    assert await accepted(await send(api, VIDEO, kind, "?filename=a.mp4")) == "a.mp4"
    refused = await send(api, b"\x89PNG\r\n\x1a\n" + bytes(20), kind)
    assert refused.status == 415
    header = b"" if kind is None else f"Content-Type: {kind}\r\n".encode()
    assert await accepted(await send(api, form(part(b'name="file"; filename="a.mp4"', VIDEO, header))))


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    name=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8"))),
    template=st.sampled_from(
        [b'filename="%b"', b"filename=%b", b"filename*=UTF-8''%b", b'filename="=?%b?q?x?="', b"%b"]
    ),
)
async def test_any_bytes_in_a_files_disposition_get_a_documented_answer(
    api: Front, name: bytes, template: bytes
) -> None:
    answer = await send(api, form(part(b'name="file"; ' + template % name, VIDEO)))
    assert answer.status in {202, 400}, await answer.text()
    if answer.status == 400:
        assert (await answer.json(content_type=None))["code"] == "invalid_request"
