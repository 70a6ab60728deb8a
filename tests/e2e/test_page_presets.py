"""Presets in the page: saved, chosen, the default one, and what they do to an upload."""

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import signed_in
from tests.support.media import Media
from tests.support.page import check_accessibility, choose, sign_in

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


async def test_options_are_saved_as_a_preset_chosen_again_and_deleted(
    page: Page, http: httpx.AsyncClient, media: Media
) -> None:
    person = await signed_in(http)
    await sign_in(page, person.email)
    await page.get_by_text("Opus", exact=True).click()
    await page.get_by_text("More options").click()
    await page.get_by_label("Channels").select_option("Mono")
    await page.get_by_role("button", name="Save as a preset").click()
    dialog = page.get_by_role("dialog", name="Save these options as a preset")
    await dialog.get_by_role("textbox", name="Name").fill("two words")
    await dialog.get_by_role("button", name="Save").click()
    await expect(dialog.get_by_role("alert")).to_be_visible()
    await check_accessibility(page)
    await dialog.get_by_role("textbox", name="Name").fill("voice")
    await dialog.get_by_role("button", name="Save").click()
    await expect(page.get_by_text("Saved as voice.")).to_be_visible()
    preset = page.get_by_label("Preset", exact=True)
    await expect(preset).to_have_value("voice")
    await check_accessibility(page)

    await page.get_by_text("FLAC", exact=True).click()
    await expect(preset).to_have_value("")
    await preset.select_option("voice")
    await expect(page.get_by_role("radio", name="Opus")).to_be_checked()
    await choose(page, media.video(seconds=1))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(1)
    [made] = (await person.get("/v1/conversions")).json()["items"]
    assert (made["options"]["format"], made["options"]["channels"]) == ("opus", 1)

    await page.get_by_role("button", name="Delete the preset voice").click()
    await expect(preset).to_have_count(0)
    assert (await person.get("/v1/presets")).json()["items"] == []


async def test_the_default_preset_is_chosen_in_a_new_browser_and_none_can_be_chosen_instead(
    page: Page, http: httpx.AsyncClient, media: Media
) -> None:
    person = await signed_in(http)
    made = await person.post("/v1/presets", name="usual", options={"quality": 2, "channels": 1}, default=True)
    assert made.status_code == 201
    await sign_in(page, person.email)
    preset = page.get_by_label("Preset", exact=True)
    await expect(preset).to_have_value("usual")
    await choose(page, media.video(seconds=1))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(1)
    [first] = (await person.get("/v1/conversions")).json()["items"]
    assert (first["options"]["quality"], first["options"]["channels"]) == (2, 1), "also what the form lacks"

    await preset.select_option("None")
    await page.get_by_text("More options").click()
    await page.get_by_label("Channels").select_option("As in the video")
    await choose(page, media.video(seconds=2))
    await expect(page.locator(".row[data-state=completed]")).to_have_count(2)
    newest = (await person.get("/v1/conversions")).json()["items"][0]
    assert "quality" not in newest["options"]
    assert "channels" not in newest["options"]
