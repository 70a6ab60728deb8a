"""Uploads of the page that are interrupted: they go on where they were, and arrive byte by byte."""

import hashlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from playwright.async_api import Browser, Page, Request, expect

from tests.support.browser import executable
from tests.support.client import Person
from tests.support.media import Media
from tests.support.page import choose, chromium, register, visitor
from tests.support.system import System
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

BYTES = 3_000_000
BYTES_A_SECOND = 600_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
def large(tmp_path: Path, media: Media) -> Path:
    """A video that takes a while to send: followed by a box that players skip."""
    path = tmp_path / "large.mp4"
    padding = (BYTES + 8).to_bytes(4, "big") + b"free" + os.urandom(BYTES)
    path.write_bytes(media.video(seconds=2).read_bytes() + padding)
    return path


class Sender:
    """A page that has begun to send a video over a slow network."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.person: Person | None = None
        self.requests: list[Request] = []
        page.on("request", self._keep)

    def _keep(self, request: Request) -> None:
        if "/v1/uploads" in request.url:
            self.requests.append(request)

    async def begin(self, http: httpx.AsyncClient, video: Path) -> None:
        self.person = Person(http, email=f"{token_hex(6)}@example.org")
        await register(self.page, self.person.email)
        (await self.person.sign_in()).raise_for_status()
        await self.slow_down()
        await choose(self.page, video)
        await until(self.has_sent_some, what="some bytes are sent")

    async def slow_down(self) -> None:
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Network.enable")
        await session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": 0,
                "downloadThroughput": -1,
                "uploadThroughput": BYTES_A_SECOND,
            },
        )

    async def has_sent_some(self) -> bool:
        return float(await self.page.locator(".row progress").first.evaluate("bar => bar.value")) > 0.1

    def created(self) -> int:
        return sum(request.method == "POST" for request in self.requests)

    def last_offset(self) -> int:
        """Where the last PATCH went on."""
        sent = [request for request in self.requests if request.method == "PATCH"]
        return int(sent[-1].headers["upload-offset"])

    async def arrived(self, video: Path) -> None:
        await expect(self.page.locator(".row[data-state=completed]")).to_be_visible()
        assert self.person is not None
        [conversion] = (await self.person.get("/v1/conversions")).json()["items"]
        assert conversion["source"]["sha256"] == hashlib.sha256(video.read_bytes()).hexdigest()


@pytest.fixture
async def sender(browser: Browser, system: System) -> AsyncIterator[Sender]:
    async with visitor(browser, system.url) as context:
        yield Sender(await context.new_page())


async def test_an_upload_goes_on_when_the_network_is_back(
    sender: Sender, http: httpx.AsyncClient, large: Path
) -> None:
    await sender.begin(http, large)
    await sender.page.context.set_offline(True)
    await expect(sender.page.get_by_text("Connection lost")).to_be_visible()
    await expect(sender.page.get_by_text("You are offline")).to_be_visible()
    await sender.page.context.set_offline(False)
    await sender.arrived(large)
    assert sender.created() == 1
    assert sender.last_offset() > 0


async def test_an_upload_goes_on_by_itself_after_a_reload(
    sender: Sender, http: httpx.AsyncClient, large: Path
) -> None:
    await sender.begin(http, large)
    await sender.page.reload()
    await sender.arrived(large)
    assert sender.created() == 1
    assert sender.last_offset() > 0
    kept = "indexedDB.databases().then((all) => all.length)"
    assert await sender.page.evaluate(kept) == 1
    left = (
        "new Promise((done) => { indexedDB.open('tonegate').onsuccess = ({target}) => {"
        "target.result.transaction('uploads').objectStore('uploads').count().onsuccess = (event) => "
        "done(event.target.result) } })"
    )
    assert await sender.page.evaluate(left) == 0, "nothing stays in the browser"


async def test_a_paused_upload_waits_and_a_cancelled_one_is_gone(
    sender: Sender, http: httpx.AsyncClient, large: Path
) -> None:
    await sender.begin(http, large)
    page = sender.page
    await page.get_by_role("button", name="Pause").click()
    await expect(page.get_by_text("Paused")).to_be_visible()
    await page.reload()
    await expect(page.get_by_text("Paused")).to_be_visible()
    await page.get_by_role("button", name="Cancel the upload").click()
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert sender.person is not None
    person = sender.person

    async def is_empty() -> bool:
        return not (await person.get("/v1/conversions")).json()["items"]

    await until(is_empty, what="the upload is removed at the server")
