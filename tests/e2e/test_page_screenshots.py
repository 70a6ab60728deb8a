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
DESKTOP: ViewportSize = {"width": 1200, "height": 860}
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
            await page.locator("#conversions-title").scroll_into_view_if_needed()
        await take(page, folder / f"{name}.png")


async def test_the_way_in(browser: Browser, system: System, tmp_path: Path) -> None:
    async with visitor(browser, system.url, viewport=DESKTOP) as context:
        page = await context.new_page()
        await page.goto("./")
        await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
        await take(page, tmp_path / "sign-in.png")
