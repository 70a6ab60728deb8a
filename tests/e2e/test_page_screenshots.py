"""The pictures of the page in README and docs; written to docs/images with TONEGATE_SCREENSHOTS=1."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from devstack.home import REPOSITORY
from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import chromium, sign_in, visitor
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

LARGEST_BYTES = 150_000
DESKTOP: ViewportSize = {"width": 1200, "height": 876}
TABLET: ViewportSize = {"width": 800, "height": 620}
PHONE: ViewportSize = {"width": 360, "height": 740}
NAMES = ("Interview with Ada.mp4", "Lecture 4, Waves.mkv", "Concert in the park.mov")


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return REPOSITORY / "docs/images" if os.environ.get("TONEGATE_SCREENSHOTS") == "1" else tmp_path


@pytest.fixture
async def owner(http: httpx.AsyncClient, media: Media) -> Person:
    person = await signed_in(http)
    for number, name in enumerate(NAMES, 1):
        accepted = await person.upload(media.video(seconds=9 * number), name)
        await person.finished(accepted.raise_for_status().json()["id"])
    return person


async def take(page: Page, path: Path) -> None:
    """After the fonts are there and without the ring of the focus."""
    await page.evaluate("document.fonts.ready.then(() => document.activeElement.blur())")
    await page.screenshot(path=path, animations="disabled")
    assert path.stat().st_size < LARGEST_BYTES


@pytest.mark.parametrize(
    ("name", "size", "scheme"), [("page", DESKTOP, "light"), ("page-phone", PHONE, "dark")]
)
async def test_the_list_of_files(
    browser: Browser, system: System, owner: Person, folder: Path, name: str, size: ViewportSize, scheme: str
) -> None:
    async with visitor(browser, system.url, viewport=size, color_scheme=scheme) as context:
        page = await context.new_page()
        await sign_in(page, owner.email)
        await expect(page.locator(".row[data-state=completed]")).to_have_count(len(NAMES))
        if size == PHONE:
            await page.locator(".section-head").evaluate("head => head.scrollIntoView()")
        await take(page, folder / f"{name}.png")


async def test_several_at_once_and_webhooks(
    browser: Browser, system: System, owner: Person, folder: Path, tmp_path: Path
) -> None:
    await owner.post("/v1/webhooks", url="https://media.example.org/hooks/tonegate")
    async with visitor(browser, system.url, viewport=TABLET) as context:
        page = await context.new_page()
        await sign_in(page, owner.email)
        await page.get_by_role("button", name="Select", exact=True).click()
        for name in NAMES[1:]:
            await page.get_by_role("checkbox", name=name).check()
        await page.locator(".section-head").evaluate("head => head.scrollIntoView()")
        await take(page, folder / "page-several.png")
        await page.get_by_role("link", name="Account").click()
        await page.get_by_role("button", name="Deliveries").click()
        await expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()
        await page.get_by_role("heading", name="Webhooks").evaluate("title => title.scrollIntoView()")
        await take(page, tmp_path / "page-webhooks.png")
