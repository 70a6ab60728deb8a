"""The page in Chromium, driven by Playwright; each visitor has a browser context of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support.browser import executable
from tests.support.client import PASSWORD
from tests.support.wait import PATIENCE_S

PATIENCE_MS = PATIENCE_S * 1000


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


async def choose(page: Page, *videos: Path) -> None:
    """Picks files as a person does."""
    async with page.expect_file_chooser() as chooser:
        await page.get_by_role("button", name="Choose videos").click()
    await (await chooser.value).set_files([str(video) for video in videos])
