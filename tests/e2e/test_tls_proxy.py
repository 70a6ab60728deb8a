"""The whole system behind Caddy: uploads of each kind, event streams, downloads and mailed links."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import httpx
import pytest

from devstack.home import Home
from devstack.ports import free_port
from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from tests.support.caddy import Caddy
from tests.support.client import Person, signed_in
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.sse import event_stream
from tests.support.system import SETTINGS
from tests.support.vhosts import VhostPool
from tests.support.wait import PATIENCE_S

TUS = {"Tus-Resumable": "1.0.0"}


@pytest.fixture(scope="module")
def caddy(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    mongo: Mongo,
    vhosts: VhostPool,
    mail_sink: MailSink,
) -> Iterator[Caddy]:
    """The proxy, in front of a system of its own."""
    port = free_port()
    proxy = Caddy(Home.at(tmp_path_factory.mktemp("caddy")), f"127.0.0.1:{port}")
    given = {
        **SETTINGS,
        "GATEWAY_PORT": str(port),
        "GATEWAY_PUBLIC_URL": proxy.url,
        "GATEWAY_TRUSTED_PROXIES": "127.0.0.1/32",
        "AUTH_DATABASE_URL": postgres.new_database(),
        "CONVERTER_MONGO_URL": mongo.new_database(),
        "AMQP_URL": vhosts.take(),
        "NOTIFICATION_SMTP_URL": mail_sink.url,
    }
    with Stack(tmp_path_factory.mktemp("proxied"), given) as stack:
        stack.start()
        proxy.start()
        yield proxy
        proxy.stop()


@pytest.fixture
async def person(caddy: Caddy) -> AsyncIterator[Person]:
    async with httpx.AsyncClient(base_url=caddy.url, verify=caddy.trust(), timeout=PATIENCE_S) as http:
        yield await signed_in(http)


async def pieces(video: Path) -> AsyncIterator[bytes]:
    content = video.read_bytes()
    for start in range(0, len(content), 10_000):
        yield content[start : start + 10_000]


@pytest.mark.parametrize("kind", ["form", "raw", "chunked"])
async def test_a_video_is_uploaded_watched_and_downloaded_in_ranges(
    caddy: Caddy, person: Person, media: Media, kind: str
) -> None:
    video = media.video(seconds=1)
    body = pieces(video) if kind == "chunked" else video.read_bytes()
    answer = await (person.upload(video) if kind == "form" else person.upload_raw(body))
    assert answer.status_code == 202, answer.text
    made = answer.json()["id"]
    connector = aiohttp.TCPConnector(ssl=caddy.trust())
    async with aiohttp.ClientSession(connector=connector) as http:
        url = f"{caddy.url}/v1/conversions/{made}/events"
        async with event_stream(http, url, person.headers) as stream:
            assert (await stream.rest())[-1].name == "completed"
    whole = await person.audio(made)
    assert whole.headers["Strict-Transport-Security"]
    part = await person.audio(made, Range="bytes=100-299")
    assert (part.status_code, part.content) == (206, whole.content[100:300])
    assert part.headers["Content-Range"] == f"bytes 100-299/{len(whole.content)}"


async def test_a_resumable_upload_continues_at_its_location(person: Person, media: Media) -> None:
    content = media.video(seconds=1).read_bytes()
    made = await person.request("POST", "/v1/uploads", headers={**TUS, "Upload-Length": str(len(content))})
    place, half = made.headers["Location"], len(content) // 2
    for start, end in ((0, half), (half, len(content))):
        fields = {"Upload-Offset": str(start), "Content-Type": "application/offset+octet-stream"}
        stored = await person.request("PATCH", place, headers={**TUS, **fields}, content=content[start:end])
        assert (stored.status_code, stored.headers["Upload-Offset"]) == (204, str(end))
    done = await person.finished(stored.headers["Tonegate-Conversion-Id"])
    assert done["status"] == "completed"


async def test_mailed_links_are_https_and_work(
    caddy: Caddy, person: Person, media: Media, mail_sink: MailSink
) -> None:
    made = (await person.upload(media.video(seconds=1))).json()["id"]
    [mail] = await Mailbox(mail_sink.directory).next_to(person.email)
    link = link_in(mail)
    assert link.startswith(f"{caddy.url}/v1/")
    assert (await person.http.get(link)).content == (await person.audio(made)).content
