"""The page in Chromium, driven by Playwright; each visitor has a browser context of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, Literal

from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright, expect

from devstack.home import REPOSITORY
from tests.support.browser import executable
from tests.support.client import PASSWORD
from tests.support.wait import PATIENCE_S

PATIENCE_MS = PATIENCE_S * 1000
AXE = REPOSITORY / "web/node_modules/axe-core/axe.min.js"
RULES = "axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']})"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
# Two frames after a change of colours or width, and all transitions: each element has its final colours then.
SETTLED: Final = """new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))
    .then(() => document.getAnimations()
        .filter(each => each.effect.getComputedTiming().endTime < Infinity).forEach(each => each.finish()))"""
# Chromium leaves rows that are out of view in the colours that they had when they were last in view.
ALL_DRAWN: Final = """document.querySelectorAll("*").forEach(each => {
    if (getComputedStyle(each).contentVisibility === "auto") each.style.contentVisibility = "visible";
})"""
FOCUSABLE: Final = 60
NARROW: Final[ViewportSize] = {"width": 360, "height": 740}
WIDE: Final[ViewportSize] = {"width": 1440, "height": 900}
SCHEMES: Final[tuple[Literal["light", "dark"], ...]] = ("light", "dark")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=executable(), args=["--no-sandbox", "--disable-dev-shm-usage", "--mute-audio"]
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def visitor(browser: Browser, url: str, **options: object) -> AsyncIterator[BrowserContext]:
    """A context that fails the test for every error that a page of it reports."""
    context = await browser.new_context(base_url=f"{url}/", locale="en-GB", accept_downloads=True, **options)  # type: ignore[arg-type]
    context.set_default_timeout(PATIENCE_MS)
    faults: list[str] = []
    context.on("weberror", lambda error: faults.append(str(error.error)))
    context.on("console", lambda line: faults.append(line.text) if "Content Security" in line.text else None)
    expect.set_options(timeout=PATIENCE_MS)
    try:
        yield context
    finally:
        await context.close()
    assert faults == []


async def register(page: Page, email: str) -> None:
    await page.goto("./")
    await page.get_by_role("button", name="Create an account").click()
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Create account").click()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


async def sign_in(page: Page, email: str) -> None:
    await page.goto("./")
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


async def sign_out(page: Page) -> None:
    """Signs out, and waits until that is done: a page that is left at once takes its request with it."""
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def choose(page: Page, *videos: Path) -> None:
    """Picks files as a person does."""
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose videos").click()
    await (await chooser.value).set_files([str(video) for video in videos])


async def send_whole_videos(page: Page) -> None:
    """Has the page send videos as they are, and not their sound alone."""
    await page.get_by_text("More options").click()
    await page.get_by_label("Send the whole video").check()


async def press_tab_to(
    page: Page, role: Literal["button", "textbox", "searchbox", "link"], name: str
) -> None:
    """Moves the focus with the keyboard alone. Fails when the element is not in the order of the focus."""
    wanted = page.get_by_role(role, name=name, exact=True)
    await expect(wanted.first).to_be_visible()
    await page.evaluate(SETTLED)
    for _ in range(FOCUSABLE):
        if await wanted.evaluate_all("found => found.includes(document.activeElement)"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{name} cannot be reached")


async def load_axe(page: Page) -> None:
    """Adds axe-core to the page's documents, which the page's own policy would not allow."""
    await page.add_init_script(path=str(AXE))


async def check_accessibility(page: Page) -> None:
    """Fails for what axe-core finds in a colour scheme and width, and for a page wider than the screen."""
    for scheme in SCHEMES:
        await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        for size in (NARROW, WIDE):
            await page.set_viewport_size(size)
            await page.evaluate(ALL_DRAWN)
            await page.evaluate(SETTLED)
            assert await page.evaluate(OVERFLOW) <= 0, (scheme, size)
            found: dict[str, Any] = await page.evaluate(RULES)
            barriers = [
                (each["id"], [node["html"][:200] + node["failureSummary"] for node in each["nodes"]])
                for each in found["violations"]
            ]
            assert barriers == [], (scheme, size, barriers)
