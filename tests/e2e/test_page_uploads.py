"""Uploads of the page that are interrupted: byte-identical afterwards."""

import hashlib
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import choose, chromium, narrow_uplink, sign_in, visitor
from tests.support.system import System
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

PADDING_BYTES = 12_000_000
SLOW = 1_000_000


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, system.url) as context:
        yield await context.new_page()


@pytest.fixture
async def owner(http: httpx.AsyncClient) -> Person:
    return await signed_in(http)


@pytest.fixture
def large(media: Media, tmp_path: Path) -> Path:
    """A video with a box of random bytes that players skip."""
    path = tmp_path / "large.mp4"
    padding = struct.pack(">I4s", PADDING_BYTES + 8, b"free") + os.urandom(PADDING_BYTES)
    path.write_bytes(media.video(seconds=2).read_bytes() + padding)
    return path


async def is_under_way(page: Page) -> bool:
    """Something has been sent, and not yet half of it."""
    sent = await page.locator(".row[data-state=sending] progress").evaluate_all("bars => bars[0]?.value ?? 0")
    return 0 < float(sent) < 0.5


async def arrived(owner: Person, page: Page, sent: Path) -> None:
    await expect(page.locator(".row[data-state=completed]")).to_be_visible()
    [conversion] = (await owner.get("/v1/conversions")).json()["items"]
    assert conversion["source"]["sha256"] == hashlib.sha256(sent.read_bytes()).hexdigest()


async def test_an_upload_goes_on_when_the_network_is_back(page: Page, owner: Person, large: Path) -> None:
    await sign_in(page, owner.email)
    async with narrow_uplink(page, SLOW) as set_network:
        await choose(page, large)
        await until(lambda: is_under_way(page), what="a part has been sent")
        await set_network(offline=True)
        await expect(page.locator(".row[data-state=reconnecting]")).to_be_visible()
        await expect(page.get_by_text("You are offline. Uploads go on")).to_be_visible()
        await set_network()
        await arrived(owner, page, large)


async def test_an_upload_goes_on_after_a_reload(page: Page, owner: Person, large: Path) -> None:
    await sign_in(page, owner.email)
    begun: list[str] = []
    page.on("request", lambda request: begun.append(request.url) if request.method == "POST" else None)
    async with narrow_uplink(page, SLOW) as set_network:
        await choose(page, large)
        await until(lambda: is_under_way(page), what="a part has been sent")
        await page.reload()
        await set_network()
        await arrived(owner, page, large)
    assert len([url for url in begun if url.endswith("/v1/uploads")]) == 1, (
        "it went on, and was not sent anew"
    )
