"""The page as an installed app: what browsers need to install it, and files that other apps share with it."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import Person
from tests.support.media import Media
from tests.support.page import check_accessibility, load_axe, sign_in, sign_out
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

FORM = """<form method="{method}" enctype="{enctype}" action="{action}">
<input type="file" name="{field}" multiple><button>Share</button></form>"""
# A context of Playwright is a private window, from which nothing can be installed.
OF_PRIVATE_WINDOWS = "in-incognito"
KEPT = """(async () => (await caches.has("tonegate-shared"))
    && (await (await caches.open("tonegate-shared")).keys()).length > 0)()"""


async def share(page: Page, *videos: Path) -> Page:
    """Shares files with the page as another app does; returns the window in which the page opens.

    The form is what Chromium sends for the share target of the page's manifest, as a navigation.
    """
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    tools = await page.context.new_cdp_session(page)
    manifest = await tools.send("Page.getAppManifest")
    target = json.loads(manifest["data"])["share_target"]
    [files] = target["params"]["files"]
    form = {
        "method": target["method"],
        "enctype": target["enctype"],
        "action": urljoin(manifest["url"], target["action"]),
    }
    other = await page.context.new_page()
    await load_axe(other)
    await other.set_content(FORM.format(**form, field=files["name"]))
    await other.locator("input").set_input_files(videos)
    await other.get_by_role("button", name="Share").click()
    return other


async def nothing_is_kept(page: Page) -> bool:
    return not await page.evaluate(KEPT)


async def listed(person: Person) -> dict[str, str]:
    """Name of each conversion → its status."""
    found: list[dict[str, Any]] = (await person.get("/v1/conversions")).json()["items"]
    return {each["source"]["filename"]: each["status"] for each in found}


async def test_a_browser_can_install_the_page(page: Page, person: Person) -> None:
    await sign_in(page, person.email)
    await page.evaluate("navigator.serviceWorker.ready.then(() => undefined)")
    tools = await page.context.new_cdp_session(page)
    manifest = await tools.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["url"]
    errors = (await tools.send("Page.getInstallabilityErrors"))["installabilityErrors"]
    assert [each["errorId"] for each in errors if each["errorId"] != OF_PRIVATE_WINDOWS] == []


async def test_shared_videos_are_sent_once_their_owner_agrees(
    page: Page, person: Person, media: Media, tmp_path: Path
) -> None:
    first, second = tmp_path / "from the gallery.mp4", tmp_path / "שלום <b>.mp4"
    for video in (first, second):
        video.write_bytes(media.video(seconds=1).read_bytes())
    await sign_in(page, person.email)
    opened = await share(page, first, second)
    await expect(opened.get_by_role("heading", name="2 files were shared with Tonegate")).to_be_visible()
    await expect(opened.get_by_text(second.name)).to_be_visible()
    await check_accessibility(opened)
    assert await listed(person) == {}

    await opened.get_by_role("button", name="Send and convert").click()

    async def are_converted() -> bool:
        return await listed(person) == {first.name: "completed", second.name: "completed"}

    await until(are_converted, what="both are converted")
    assert await nothing_is_kept(opened)


async def test_what_was_shared_waits_for_a_sign_in_and_can_be_discarded(
    page: Page, person: Person, media: Media
) -> None:
    await page.goto("./")
    opened = await share(page, media.video(seconds=1))
    await expect(opened.get_by_role("button", name="Sign in")).to_be_visible()
    await sign_in(opened, person.email)
    await opened.get_by_role("button", name="Discard").click()
    await expect(opened.get_by_role("heading", name="shared with Tonegate")).to_have_count(0)
    await until(lambda: nothing_is_kept(opened), what="the browser keeps nothing")
    assert await listed(person) == {}


async def test_who_signs_in_next_gets_nothing_that_was_shared_before(
    page: Page, person: Person, media: Media
) -> None:
    await sign_in(page, person.email)
    opened = await share(page, media.video(seconds=1))
    await expect(opened.get_by_role("heading", name="A file was shared with Tonegate")).to_be_visible()
    await sign_out(opened)
    await until(lambda: nothing_is_kept(opened), what="the browser keeps nothing")


async def test_a_file_that_two_windows_show_is_sent_once(page: Page, person: Person, media: Media) -> None:
    await sign_in(page, person.email)
    opened = await share(page, media.video(seconds=1))
    await page.reload()
    for window in (opened, page):
        await expect(window.get_by_role("button", name="Send and convert")).to_be_visible()
    for window in (opened, page):
        await window.get_by_role("button", name="Send and convert").click()

    async def is_converted() -> bool:
        return list((await listed(person)).values()) == ["completed"]

    await until(is_converted, what="it is converted")
    await expect(page.get_by_role("heading", name="shared with Tonegate")).to_have_count(0)
    found = (await person.get("/v1/conversions")).json()["items"]
    assert len(found) == 1
