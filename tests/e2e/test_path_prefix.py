"""The whole system behind a proxy that serves it below a path: every URL of a response or mail works."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import parse_qs, urljoin, urlsplit

import aiohttp
import httpx
import pytest
from playwright.async_api import expect
from tusclient.client import TusClient

from devstack.ports import free_port
from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.stack import Stack
from tests.support.browser import executable
from tests.support.client import Person, signed_in, visiting
from tests.support.mailbox import Mailbox, link_in
from tests.support.media import Media
from tests.support.page import chromium, sign_in, visitor
from tests.support.prefix_proxy import prefix_proxy
from tests.support.sse import event_stream
from tests.support.system import SETTINGS
from tests.support.tus_client import tus_js
from tests.support.vhosts import VhostPool

PREFIX = "/media/tools"
TUS = {"Tus-Resumable": "1.0.0"}


class Prefixed:
    """The system, and where its clients find it: `url` ends with the prefix."""

    def __init__(self, stack: Stack, mailbox: Mailbox, url: str) -> None:
        self.stack, self.mailbox, self.url = stack, mailbox, url

    def resolved(self, reference: str) -> str:
        """What a client makes of a reference that it got from the API."""
        return urljoin(f"{self.url}/v1/", reference)


@pytest.fixture(scope="module")
def prefixed(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: Postgres,
    mongo: Mongo,
    vhosts: VhostPool,
    mail_sink: MailSink,
) -> Iterator[Prefixed]:
    url = f"http://127.0.0.1:{free_port()}{PREFIX}"
    given = {
        **SETTINGS,
        "GATEWAY_PUBLIC_URL": url,
        "AUTH_OAUTH_GITHUB_CLIENT_ID": "tonegate",
        "AUTH_OAUTH_GITHUB_CLIENT_SECRET": "a secret of GitHub's",
        "AUTH_DATABASE_URL": postgres.new_database(),
        "CONVERTER_MONGO_URL": mongo.new_database(),
        "AMQP_URL": vhosts.take(),
        "NOTIFICATION_SMTP_URL": mail_sink.url,
    }
    with Stack(tmp_path_factory.mktemp("prefixed"), given) as stack:
        stack.start()
        yield Prefixed(stack, Mailbox(mail_sink.directory), url)


@pytest.fixture
async def http(prefixed: Prefixed) -> AsyncIterator[httpx.AsyncClient]:
    """Behind the proxy; paths are relative to the prefix, complete URLs are not."""
    port = urlsplit(prefixed.url).port or 0
    async with prefix_proxy(port, PREFIX, prefixed.stack.url) as url, visiting(url) as client:
        yield client


@pytest.fixture
async def person(http: httpx.AsyncClient) -> Person:
    return await signed_in(http)


async def followed(person: Person, prefixed: Prefixed, answer: httpx.Response) -> dict[str, Any]:
    """The conversion that the response's Location names, once it has ended."""
    assert answer.status_code == 202, answer.text
    found = await person.get(prefixed.resolved(answer.headers["Location"]))
    assert (found.status_code, found.json()["id"]) == (200, answer.json()["id"])
    return await person.finished(answer.json()["id"])


@pytest.mark.parametrize("kind", ["form", "raw"])
async def test_location_and_the_urls_of_records_keep_the_prefix(
    person: Person, prefixed: Prefixed, media: Media, kind: str
) -> None:
    video = media.video(seconds=1)
    upload = person.upload(video) if kind == "form" else person.upload_raw(video.read_bytes())
    done = await followed(person, prefixed, await upload)
    assert done["result"]["url"] == f"{PREFIX}/v1/conversions/{done['id']}/audio"
    audio = await person.get(prefixed.resolved(done["result"]["url"]))
    assert audio.content == (await person.audio(done["id"])).content

    listed = (await person.get("/v1/conversions")).json()["items"]
    assert [each["result"]["url"] for each in listed] == [done["result"]["url"]]
    link = (await person.post(f"/v1/conversions/{done['id']}/link", expires_in=60)).json()["url"]
    [mail] = await prefixed.mailbox.next_to(person.email)
    for url in (link, link_in(mail)):
        assert url.startswith(f"{prefixed.url}/v1/")
        assert (await person.http.get(url)).content == audio.content


async def test_event_streams_name_the_audio_with_the_prefix(
    person: Person, prefixed: Prefixed, media: Media
) -> None:
    made = (await person.upload(media.video(seconds=1))).json()
    async with aiohttp.ClientSession() as http:
        url = f"{prefixed.url}/v1/conversions/{made['id']}/events"
        async with event_stream(http, url, person.headers) as stream:
            last = (await stream.rest())[-1]
    assert (last.name, last.data["result"]["url"]) == (
        "completed",
        f"{PREFIX}/v1/conversions/{made['id']}/audio",
    )


async def test_a_tus_upload_is_continued_and_deleted_at_its_location(
    person: Person, prefixed: Prefixed
) -> None:
    made = await person.request("POST", "/v1/uploads", headers={**TUS, "Upload-Length": "100"})
    place = prefixed.resolved(made.headers["Location"])
    assert place.startswith(f"{prefixed.url}/v1/uploads/")
    part = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
    stored = await person.request("PATCH", place, headers={**TUS, **part}, content=bytes(10))
    assert (stored.status_code, stored.headers["Upload-Offset"]) == (204, "10")
    assert (await person.request("HEAD", place, headers=TUS)).headers["Upload-Offset"] == "10"
    assert (await person.request("DELETE", place, headers=TUS)).status_code == 204


@pytest.mark.parametrize("parallel", [1, 2], ids=["whole", "in parts"])
async def test_tus_js_client_follows_location(
    person: Person, prefixed: Prefixed, media: Media, parallel: int
) -> None:
    endpoint, token = f"{prefixed.url}/v1/uploads", person.tokens["access_token"]
    named = {"filename": "talk.mp4"}
    video = media.video(seconds=1)
    async with tus_js(endpoint, token, video, metadata=named, chunk_size=20_000, parallel=parallel) as client:
        event = await client.event("success")
    assert event["url"].startswith(f"{endpoint}/")
    assert (await person.finished(event["conversion"]))["status"] == "completed"


async def test_tuspy_follows_location(person: Person, prefixed: Prefixed, media: Media) -> None:
    client = TusClient(f"{prefixed.url}/v1/uploads", headers=person.headers)
    with media.video(seconds=1).open("rb") as file:
        uploader = client.uploader(file_stream=file, chunk_size=20_000)
        await asyncio.to_thread(uploader.upload)
    assert uploader.url is not None
    assert (await person.finished(uploader.url.rpartition("/")[2]))["status"] == "completed"


async def test_mailed_account_links_open_a_page_that_calls_the_api(
    person: Person, prefixed: Prefixed
) -> None:
    await person.http.post("/v1/auth/password/forgot", json={"email": person.email})
    [mail] = await prefixed.mailbox.next_to(person.email)
    link = link_in(mail)
    assert link.startswith(f"{prefixed.url}/reset-password#token=")
    page = await person.http.get(link)
    call = re.search(r'data-call="([^"]+)"', page.text)
    assert call, page.text
    body = {"token": link.partition("#token=")[2], "password": "a quite different phrase"}
    reset = await person.http.post(urljoin(link, call[1]), json=body)
    assert reset.status_code == 204, reset.text


async def test_a_sign_in_provider_redirects_back_below_the_prefix(
    http: httpx.AsyncClient, prefixed: Prefixed
) -> None:
    start = await http.get("/v1/auth/oauth/github/start")
    asked = parse_qs(urlsplit(start.headers["Location"]).query)
    assert asked["redirect_uri"] == [f"{prefixed.url}/v1/auth/oauth/github/callback"]


async def test_the_openapi_document_and_its_page_name_the_prefix(
    http: httpx.AsyncClient, prefixed: Prefixed
) -> None:
    page = await http.get("/schema")
    linked = re.search(r'<a href="([^"#]+\.json)">', page.text)
    assert linked, page.text
    document = await http.get(prefixed.resolved(linked[1]))
    assert [each["url"] for each in document.json()["servers"]] == [prefixed.url]


@pytest.mark.skipif(executable() is None, reason="no browser on this machine")
@pytest.mark.parametrize("path", ["./schema", "./schema/"])
async def test_the_api_reference_sends_calls_below_the_prefix(
    person: Person, prefixed: Prefixed, path: str
) -> None:
    async with chromium() as browser, visitor(browser, prefixed.url) as context:
        page = await context.new_page()
        await sign_in(page, person.email)
        await page.goto(path)
        await expect(page.get_by_text(f"Signed in as {person.email}.")).to_be_visible()
        await page.locator("details[data-path='/v1/conversions'][data-method=get] > summary").click()
        await page.get_by_role("button", name="Send").click()
        await expect(page.get_by_label("Body of the response")).to_contain_text('"items": []')
