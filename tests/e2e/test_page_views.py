"""Every view of the page by axe-core, in both colour schemes, and on the narrowest screens."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from secrets import token_hex
from typing import Any

import pytest
from playwright.async_api import Page, expect

from devstack.home import REPOSITORY
from tests.support.browser import executable
from tests.support.media import Media
from tests.support.page import choose, chromium, register, visitor
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

AXE = REPOSITORY / "web/node_modules/axe-core/axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1440, "height": 900}
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
LONG = "an-unbroken-name-" * 8 + ".mp4"
RIGHT_TO_LEFT = "مقابلة مع مدير الميناء.mp4"


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, system.url) as context:
        page = await context.new_page()
        await page.add_init_script(path=str(AXE))
        yield page


async def test_no_view_has_a_barrier_or_is_wider_than_the_screen(
    page: Page, media: Media, tmp_path: Path
) -> None:
    await page.goto("./")
    for link in ("Create an account", "I have an account", "Forgotten your password?"):
        await page.get_by_role("button", name=link).click()
        await check(page)
    await register(page, f"{token_hex(6)}@example.org")
    await check(page)
    await page.get_by_text("More options").click()
    await check(page)
    await choose(page, *videos(media, tmp_path))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(2)
    await expect(page.get_by_text("This video has no sound.")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="Play").first.click()
    await expect(page.locator("audio")).to_be_visible()
    await check(page)
    await page.get_by_role("button", name="Delete").first.click()
    await check(page)
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.get_by_label("Language").select_option("de")
    await expect(page.get_by_text("Ihre Dateien")).to_be_visible()
    await check(page)


def videos(media: Media, folder: Path) -> list[Path]:
    made = {
        LONG: media.video(seconds=1),
        RIGHT_TO_LEFT: media.video(seconds=1, container="webm"),
        "silent.mp4": media.silent_video(seconds=1),
    }
    for name, video in made.items():
        (folder / name).write_bytes(video.read_bytes())
    return [folder / name for name in made]


async def check(page: Page) -> None:
    for scheme in ("light", "dark"):
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for size in (NARROW, WIDE):
            await page.set_viewport_size(size)  # type: ignore[arg-type]
            assert await page.evaluate(OVERFLOW) <= 0, (scheme, size)
        found: dict[str, Any] = await page.evaluate(RULES)
        barriers = [
            (each["id"], [node["html"][:200] + node["failureSummary"] for node in each["nodes"]])
            for each in found["violations"]
        ]
        assert barriers == [], scheme


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
