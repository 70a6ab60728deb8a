"""The history in the page: found by name and state, renamed, several at once, thousands of them."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import chromium, sign_in, visitor
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

MARKUP = "<img src=x onerror=document.title='taken'>"


@pytest.fixture
async def page(system: System) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, system.url) as context:
        yield await context.new_page()


@pytest.fixture
async def owner(http: httpx.AsyncClient, media: Media) -> Person:
    """Has a video that became audio, and one without sound."""
    person = await signed_in(http)
    for path, name in ((media.video(seconds=2), "talk.mp4"), (media.silent_video(), "silent.mp4")):
        accepted = await person.upload(path, name)
        await person.finished(accepted.raise_for_status().json()["id"])
    return person


async def test_a_conversion_is_renamed_in_place_and_found_by_its_name_and_state(
    page: Page, owner: Person, tmp_path: Path
) -> None:
    await sign_in(page, owner.email)
    rows = page.locator(".row")
    await expect(rows).to_have_count(2)
    talk = page.locator(".row[data-state=completed]")
    await talk.get_by_role("button", name="Rename").press("Enter")
    name = page.get_by_role("textbox", name="New name of talk.mp4")
    await expect(name).to_be_focused()
    await name.press("Escape")
    await expect(talk.get_by_role("button", name="Rename")).to_be_focused()
    await talk.get_by_role("button", name="Rename").press("Enter")
    await name.fill(MARKUP)
    await name.press("Enter")
    await expect(talk.get_by_text(MARKUP)).to_be_visible()
    await expect(talk.get_by_role("button", name="Rename")).to_be_focused()
    async with page.expect_download() as download:
        await talk.get_by_role("button", name="Download").click()
    assert (await download.value).suggested_filename.endswith(".mp3")
    assert "onerror=document.title" in (await download.value).suggested_filename

    search = page.get_by_role("searchbox", name="Search by name")
    await search.fill("ONERROR=")
    await expect(rows).to_have_count(1)
    await page.reload()
    await expect(talk.get_by_text(MARKUP)).to_be_visible()
    await search.fill("no such name")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await page.get_by_role("button", name="Show all files").click()
    await expect(rows).to_have_count(2)
    await expect(search).to_have_value("")
    await page.get_by_label("State").select_option("Failed")
    await expect(rows).to_have_count(1)
    await expect(page.get_by_text("This video has no sound.")).to_be_visible()
    assert await page.title() == "Tonegate"
