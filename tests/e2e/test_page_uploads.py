"""Uploads of the page that are interrupted: they go on, and are byte-identical afterwards."""

import asyncio
import hashlib
import os
import struct
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.cable import Cable, cable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import choose, chromium, send_whole_videos, sign_in, visitor
from tests.support.system import System
from tests.support.wait import PATIENCE_S

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

PADDING_BYTES = 12_000_000
# Of the upload, before it is held back; and what may be sent twice, since it was on its way.
FIRST_BYTES, TWICE_BYTES = 6_000_000, 3_000_000


@pytest.fixture
async def line(system: System) -> AsyncIterator[tuple[Cable, str]]:
    async with cable(system.address, FIRST_BYTES) as made:
        yield made


@pytest.fixture
async def page(line: tuple[Cable, str]) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, line[1]) as context:
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


async def half_sent(page: Page, owner: Person, video: Path, line: Cable) -> None:
    await sign_in(page, owner.email)
    await send_whole_videos(page)
    await choose(page, video)
    await asyncio.wait_for(line.holds.wait(), PATIENCE_S)
    await expect(page.locator(".row[data-state=sending]")).to_be_visible()


async def arrived(page: Page, owner: Person, video: Path, line: Cable) -> None:
    await expect(page.locator(".row[data-state=completed]")).to_be_visible()
    [conversion] = (await owner.get("/v1/conversions")).json()["items"]
    content = video.read_bytes()
    assert conversion["source"]["sha256"] == hashlib.sha256(content).hexdigest()
    assert line.sent < len(content) + TWICE_BYTES, "it went on, and was not sent anew"


async def test_an_upload_goes_on_when_the_network_is_back(
    page: Page, owner: Person, large: Path, line: tuple[Cable, str]
) -> None:
    network, _ = line
    await half_sent(page, owner, large, network)
    network.cut()
    await expect(page.get_by_text("Connection lost, trying again")).to_be_visible()
    network.mend()
    await network.hold_nothing()
    await arrived(page, owner, large, network)


async def test_an_upload_goes_on_after_a_reload(
    page: Page, owner: Person, large: Path, line: tuple[Cable, str]
) -> None:
    network, _ = line
    await half_sent(page, owner, large, network)
    await page.reload()
    await network.hold_nothing()
    await arrived(page, owner, large, network)
