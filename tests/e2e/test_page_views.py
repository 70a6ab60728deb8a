"""Every view of the page by axe-core, in both colour schemes, and on the narrowest screens."""

import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from secrets import token_hex

import pytest
from playwright.async_api import Page, expect

from devstack.home import REPOSITORY
from tests.support.browser import executable
from tests.support.media import Media
from tests.support.page import check_accessibility, choose, chromium, load_axe, register, visitor
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

LONG = "an-unbroken-name-" * 8 + ".mp4"
RIGHT_TO_LEFT = "مقابلة مع مدير الميناء.mp4"


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, system.url) as context:
        page = await context.new_page()
        await load_axe(page)
        yield page


async def test_no_view_has_a_barrier_or_is_wider_than_the_screen(
    page: Page, media: Media, tmp_path: Path
) -> None:
    await page.goto("./")
    for link in ("Create an account", "I have an account", "Forgotten your password?"):
        await page.get_by_role("button", name=link).click()
        await check_accessibility(page)
    await register(page, f"{token_hex(6)}@example.org")
    await check_accessibility(page)
    await page.get_by_text("More options").click()
    await check_accessibility(page)
    await choose(page, *videos(media, tmp_path))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(2)
    await expect(page.get_by_text("This video has no sound.")).to_be_visible()
    await expect(page.locator(".row")).to_have_count(3)
    await take_picture(page)
    await choose(page, video(tmp_path, LONG, media.video(seconds=1)))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(3)
    await check_accessibility(page)
    await page.get_by_role("button", name="Play").first.click()
    await expect(page.locator("audio")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("button", name="Delete").first.click()
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_label("Language").select_option("de")
    await expect(page.get_by_text("Ihre Dateien")).to_be_visible()
    await check_accessibility(page)


def videos(media: Media, folder: Path) -> list[Path]:
    return [
        video(folder, "Lecture 7, Fourier series.mp4", media.video(seconds=1)),
        video(folder, "Screen recording.mp4", media.silent_video(seconds=1)),
        video(folder, RIGHT_TO_LEFT, media.video(seconds=1, container="webm")),
    ]


def video(folder: Path, name: str, source: Path) -> Path:
    (folder / name).write_bytes(source.read_bytes())
    return folder / name


async def take_picture(page: Page) -> None:
    """The one of README.md, when TONEGATE_PICTURES is set."""
    if "TONEGATE_PICTURES" in os.environ:
        await page.emulate_media(color_scheme="light", reduced_motion="reduce")
        await page.set_viewport_size({"width": 1000, "height": 820})
        await page.screenshot(path=REPOSITORY / "docs/images/page.png")


async def test_everything_can_be_done_with_the_keyboard_alone(page: Page, media: Media) -> None:
    email = f"{token_hex(6)}@example.org"
    await page.goto("./")
    await press_until(page, lambda: focused(page, "Create an account"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Email address")).to_be_focused()
    await page.keyboard.type(email)
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse battery staple")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    await press_until(page, lambda: focused(page, "Choose videos"))
    async with page.expect_file_chooser() as chooser:
        await page.keyboard.press("Enter")
    await (await chooser.value).set_files(str(media.video(seconds=1)))
    await expect(page.locator(".row[data-state=completed]")).to_be_visible()
    await press_until(page, lambda: focused(page, "Download"))
    async with page.expect_download():
        await page.keyboard.press("Enter")
    await press_until(page, lambda: focused(page, "Delete"))
    await page.keyboard.press("Enter")
    await press_until(page, lambda: focused(page, "Delete"))
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()


async def focused(page: Page, name: str) -> bool:
    script = "document.activeElement.ariaLabel || document.activeElement.textContent"
    return str(await page.evaluate(script)).strip() == name


async def press_until(page: Page, reached: Callable[[], Awaitable[bool]]) -> None:
    for _ in range(60):
        await page.keyboard.press("Tab")
        if await reached():
            return
    raise AssertionError("Tab does not reach it")
