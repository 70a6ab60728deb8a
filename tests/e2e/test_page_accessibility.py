"""Every view of the page through axe-core, wide and narrow, light and dark; the page by keyboard alone."""

from pathlib import Path
from secrets import token_hex

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import PASSWORD, signed_in
from tests.support.media import Media, probe
from tests.support.page import (
    check_accessibility,
    choose,
    press_tab_to,
    register,
    sign_in,
)

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

ARABIC = "\u0645\u062d\u0627\u0636\u0631\u0629 " * 12


async def test_the_forms_of_people_who_are_not_signed_in(page: Page) -> None:
    await page.goto("./")
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_label("Email address").fill("nobody@example.org")
    await page.get_by_label("Password", exact=True).fill("wrong password")
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("alert")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("button", name="Create an account").click()
    await check_accessibility(page)
    await page.get_by_role("button", name="I have an account").click()
    await page.get_by_role("button", name="Forgotten your password?").click()
    await page.get_by_label("Language").select_option("Deutsch")
    await expect(page.get_by_role("heading", name="Passwort vergessen")).to_be_visible()
    await check_accessibility(page)


async def test_the_list_of_conversions_in_all_its_states(
    page: Page, http: httpx.AsyncClient, media: Media
) -> None:
    person = await signed_in(http)
    await sign_in(page, person.email)
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_text("More options").click()
    await page.get_by_label("Begin at").fill("soon")
    await check_accessibility(page)
    for path, name in ((media.video(seconds=1), f"{'long' * 40}.mp4"), (media.silent_video(), "silent.mp4")):
        accepted = await person.upload(path, name)
        conversion = await person.finished(accepted.json()["id"])
    renamed = await person.request("PATCH", f"/v1/conversions/{conversion['id']}", json={"title": ARABIC})
    assert renamed.is_success
    await page.reload()
    ready, failed = page.locator(".row[data-state=completed]"), page.locator(".row[data-state=failed]")
    await ready.get_by_role("button", name="Play").click()
    await failed.get_by_role("button", name="Rename").click()
    await check_accessibility(page)
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="Select", exact=True).click()
    await page.get_by_role("checkbox").first.check()
    await check_accessibility(page)
    await page.get_by_role("button", name="Delete (1)").click()
    await check_accessibility(page)
    await page.get_by_role("button", name="Keep").click()
    await page.get_by_role("button", name="Done").click()
    await page.get_by_role("searchbox").fill("no such name")
    await expect(page.get_by_text("Nothing found")).to_be_visible()
    await page.context.set_offline(True)
    await expect(page.get_by_text("You are offline. Uploads go on")).to_be_visible()
    await check_accessibility(page)


async def test_the_view_of_the_account_and_its_dialogs(page: Page) -> None:
    await register(page, f"{token_hex(6)}@example.org")
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_text("this browser")).to_be_visible()
    await check_accessibility(page)
    for opens in ("Change password", "Change address"):
        await page.get_by_role("button", name=opens).click()
    await page.get_by_role("button", name="Add an authenticator app").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    await check_accessibility(page)
    await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    await page.get_by_role("button", name="Delete my account").click()
    await check_accessibility(page)


async def test_from_sign_up_to_the_audio_file_by_keyboard_alone(
    page: Page, media: Media, tmp_path: Path
) -> None:
    await page.goto("./")
    await press_tab_to(page, "button", "Create an account")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Email address")).to_be_focused()
    await page.keyboard.type(f"{token_hex(6)}@example.org")
    await page.keyboard.press("Tab")
    await page.keyboard.type(PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    # Playwright begins to intercept choosers while the focus moves: at once would be too late for a key.
    async with page.expect_file_chooser() as chooser:
        await press_tab_to(page, "button", "Choose videos")
        await page.keyboard.press("Enter")
    await (await chooser.value).set_files(media.video(seconds=2))
    await press_tab_to(page, "button", "Download")
    async with page.expect_download() as download:
        await page.keyboard.press("Enter")
    await (await download.value).save_as(tmp_path / "audio")
    assert probe(tmp_path / "audio")["streams"][0]["codec_name"] == "mp3"


async def test_uploads_that_wait_or_were_refused(page: Page, media: Media, tmp_path: Path) -> None:
    await register(page, f"{token_hex(6)}@example.org")
    (tmp_path / "empty.mp4").touch()
    await page.route(
        "**/v1/uploads", lambda route: route.abort() if route.request.method == "POST" else route.continue_()
    )
    await choose(page, tmp_path / "empty.mp4", media.video(seconds=1))
    await expect(page.get_by_text("empty.mp4 is empty.")).to_be_visible()
    await expect(page.locator(".row[data-state=reconnecting]")).to_be_visible()
    await check_accessibility(page)
