"""The history in the page: found by name and state, renamed, several at once, thousands of them."""

import zipfile
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import check_accessibility, sign_in
from tests.support.system import System
from tests.support.wait import PATIENCE_S, until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

MANY = 1_200
# Two changes of what is in view in one call, as a browser on a slow machine reports them.
LATE_REPORTS = """window.IntersectionObserver = class extends IntersectionObserver {
    constructor(report, options) {
        super((changes, self) => report([{isIntersecting: false}, ...changes], self), options);
    }
};"""
MARKUP = "<img src=x onerror=document.title='taken'>"


async def scroll_to_the_end(page: Page) -> None:
    """Scrolls down until the last page of the history is loaded."""

    async def is_at_the_end() -> bool:
        await page.evaluate("scrollTo(0, document.body.scrollHeight)")
        return await page.get_by_text("That is all.").is_visible()

    await until(is_at_the_end, timeout_s=2 * PATIENCE_S, what="the last page is loaded")


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


async def test_a_history_of_many_is_loaded_as_it_is_scrolled_and_searched(
    page: Page, owner: Person, system: System
) -> None:
    newest = (await owner.get("/v1/conversions?limit=1")).json()["items"][0]["id"]
    system.add_copies(newest, MANY)
    await sign_in(page, owner.email)
    rows = page.locator(".row")
    await expect(rows).to_have_count(30)

    await scroll_to_the_end(page)
    assert await rows.count() == MANY + 2
    names = await rows.locator(".name").all_text_contents()
    assert names[2:] == sorted(names[2:], key=lambda name: int(name.split()[1].removesuffix(".mp4")))
    await page.get_by_role("searchbox", name="Search by name").fill("COPY 1100.")
    await expect(rows).to_have_count(1)
    await expect(rows.get_by_text("copy 1100.mp4")).to_be_visible()


async def test_the_history_is_loaded_to_its_end_when_changes_of_the_view_are_reported_together(
    page: Page, owner: Person, system: System
) -> None:
    newest = (await owner.get("/v1/conversions?limit=1")).json()["items"][0]["id"]
    system.add_copies(newest, 250)
    await page.add_init_script(LATE_REPORTS)
    await sign_in(page, owner.email)
    await scroll_to_the_end(page)
    await expect(page.locator(".row")).to_have_count(252)


async def test_a_link_is_copied_and_all_links_are_ended(
    page: Page, owner: Person, http: httpx.AsyncClient
) -> None:
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await sign_in(page, owner.email)
    share = page.locator(".row[data-state=completed]").get_by_role("button", name="Share by link")
    await share.click()
    dialog = page.get_by_role("dialog", name="Anyone with this link can listen")
    url = await dialog.get_by_label("Link", exact=True).input_value()
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Copy link").click()
    await expect(page.get_by_text("Link copied.")).to_be_visible()
    assert await page.evaluate("navigator.clipboard.readText()") == url
    assert (await http.get(url)).status_code == 200
    await share.click()
    await dialog.get_by_role("button", name="End all links").click()
    await expect(page.get_by_text("All links to this audio have ended")).to_be_visible()
    assert (await http.get(url)).status_code == 401


async def test_several_are_saved_retried_cancelled_and_deleted_at_once(
    page: Page, owner: Person, system: System, media: Media
) -> None:
    other = await owner.upload(media.video(seconds=2), "other.mp4")
    await owner.finished(other.json()["id"])
    await sign_in(page, owner.email)
    rows = page.locator(".row")
    await expect(rows).to_have_count(3)
    await page.get_by_role("button", name="Select", exact=True).click()
    bar = page.get_by_role("group", name="Selected files")
    await page.get_by_role("checkbox", name="other.mp4").check()
    await page.get_by_role("checkbox", name="talk.mp4").click(modifiers=["Shift"])
    await expect(bar.get_by_text("Selected: 3")).to_be_visible()
    async with page.expect_download() as download:
        await bar.get_by_role("button", name="Download as ZIP (2)").click()
    with zipfile.ZipFile(await (await download.value).path()) as opened:
        assert opened.testzip() is None
        assert sorted(opened.namelist()) == ["other.mp3", "talk.mp3"]
    await expect(bar.get_by_text("Selected: 1")).to_be_visible()

    system.stop("worker")
    try:
        await bar.get_by_role("button", name="Convert again (1)").click()
        await expect(page.locator(".row[data-state=queued]")).to_have_count(1)
        await page.get_by_role("checkbox", name="silent.mp4").check()
        await bar.get_by_role("button", name="Cancel (1)").click()
        await expect(page.locator(".row[data-state=cancelled]")).to_have_count(1)
    finally:
        system.start("worker")

    await bar.get_by_role("button", name="Select these 3").click()
    await bar.get_by_role("button", name="Delete (3)").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    assert (await owner.get("/v1/conversions")).json()["items"] == []


async def test_a_stored_video_is_converted_with_other_options_and_nothing_is_sent_again(
    page: Page, owner: Person
) -> None:
    await sign_in(page, owner.email)
    sent: list[int] = []
    page.on("request", lambda request: sent.append(len(request.post_data_buffer or b"")))
    await (
        page.locator(".row[data-state=completed]")
        .get_by_role("button", name="Convert with other options")
        .click()
    )
    dialog = page.get_by_role("dialog", name="Convert talk.mp4 with other options")
    await check_accessibility(page)
    await dialog.get_by_text("FLAC").click()
    await dialog.get_by_role("button", name="Convert", exact=True).click()
    await expect(page.get_by_text("It is on its way")).to_be_visible()
    await expect(page.locator(".row[data-state=completed]")).to_have_count(2)
    await expect(page.locator(".row").first).to_contain_text("FLAC")
    assert max(sent) < 1000
    newest, *_ = (await owner.get("/v1/conversions")).json()["items"]
    assert (newest["source"]["filename"], newest["result"]["format"]) == ("talk.mp4", "flac")


async def test_a_list_that_cannot_be_loaded_says_why_and_is_loaded_when_the_network_is_back(
    page: Page, owner: Person
) -> None:
    await sign_in(page, owner.email)
    await expect(page.locator(".row")).to_have_count(2)
    await page.context.set_offline(True)
    await expect(page.get_by_text("You are offline. Uploads go on")).to_be_visible()
    await page.get_by_role("searchbox", name="Search by name").fill("talk")
    await expect(page.get_by_text("Your files could not be loaded")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator(".row")).to_have_count(1)
    await expect(page.get_by_text("Your files could not be loaded")).to_have_count(0)


# Stands for the browser's own, which cannot be looked at; and a page out of view.
NOTIFICATIONS = """
window.told = [];
window.Notification = class {
  static permission = 'granted';
  static requestPermission = async () => 'granted';
  constructor(title, { body }) { window.told.push([title, body]); }
};
Object.defineProperty(document, 'hidden', { get: () => window.isAway === true });
"""


async def test_a_conversion_that_ends_out_of_view_is_notified(
    page: Page, owner: Person, system: System
) -> None:
    await page.add_init_script(NOTIFICATIONS)
    await sign_in(page, owner.email)
    await page.get_by_role("button", name="Notify me when a file is ready").click()
    system.stop("worker")
    try:
        await page.locator(".row[data-state=failed]").get_by_role("button", name="Convert again").click()
        await expect(page.locator(".row[data-state=queued]")).to_have_count(1)
        await page.evaluate("window.isAway = true; document.dispatchEvent(new Event('visibilitychange'))")
    finally:
        system.start("worker")
    told = await until(lambda: page.evaluate("window.told.length > 0 && window.told"), what="it is told")
    assert told == [["A video could not be converted", "silent.mp4"]]
