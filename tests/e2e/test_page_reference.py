"""The API reference at `/schema`: calls are tried with the session of the browser; plain without scripts."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import check_accessibility, chromium, press_tab_to, sign_in, visitor
from tests.support.system import System

# Closed calls look alike, and axe-core would look at each of their thousands of elements.
FEW_CLOSED = """[...document.querySelectorAll("section > details:not([open])")].forEach(
    (each, place) => place < 5 ? each.querySelectorAll(":scope > :not(summary)").forEach(it => it.remove())
        : each.remove())"""

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


@pytest.fixture
async def owner(http: httpx.AsyncClient, page: Page) -> Person:
    """Is signed in in the browser, which then shows the reference."""
    owner = await signed_in(http)
    await sign_in(page, owner.email)
    await page.get_by_role("link", name="API").click()
    await expect(page.get_by_text(f"Signed in as {owner.email}.")).to_be_visible()
    return owner


async def open_call(page: Page, method: str, path: str) -> Locator:
    """Opens a call by its summary, and returns its form."""
    await page.locator(f"details[data-method={method}][data-path='{path}'] > summary").click()
    form = page.get_by_role("form", name=f"Try {method.upper()} {path}", exact=True)
    await expect(form).to_be_visible()
    return form


async def test_a_call_is_sent_as_the_account_that_is_signed_in(page: Page, owner: Person) -> None:
    form = await open_call(page, "get", "/v1/auth/me")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("status")).to_contain_text("200 OK")
    await expect(form.get_by_label("Body of the response")).to_contain_text(f'"email": "{owner.email}"')
    await form.get_by_text("Header fields").click()
    await expect(form.get_by_text("x-request-id")).to_be_visible()
    await form.get_by_text("As a command line").click()
    line = form.get_by_label("Command line")
    await expect(line).to_contain_text(re.compile(r"curl -X GET 'http://[^']+/v1/auth/me'"))
    await expect(line).to_contain_text('-H "Authorization: Bearer $TOKEN"')


async def test_a_video_is_uploaded_and_its_events_and_its_audio_are_read(
    page: Page, owner: Person, media: Media, tmp_path: Path
) -> None:
    upload = await open_call(page, "post", "/v1/conversions")
    await upload.get_by_label("file file, required").set_input_files(media.video(seconds=1))
    await upload.get_by_text("Optional form fields").click()
    await upload.get_by_label("format in form").select_option("opus")
    await upload.get_by_role("button", name="Send").click()
    await expect(upload.get_by_role("status")).to_contain_text("202 Accepted")
    [made] = (await owner.get("/v1/conversions")).json()["items"]
    await expect(upload.get_by_label("Body of the response")).to_contain_text(made["id"])
    assert made["options"]["format"] == "opus"

    events = await open_call(page, "get", "/v1/conversions/{conversion_id}/events")
    await events.get_by_label("conversion_id in path, required").fill(made["id"])
    await events.get_by_role("button", name="Send").click()
    await expect(events.get_by_label("Body of the response")).to_contain_text("event: completed")

    audio = await open_call(page, "get", "/v1/conversions/{conversion_id}/audio")
    await audio.get_by_label("conversion_id in path, required").fill(made["id"])
    await audio.get_by_label("Range in header").fill("bytes=0-99")
    await audio.get_by_role("button", name="Send").click()
    await expect(audio.get_by_role("status")).to_contain_text("206 Partial Content")
    async with page.expect_download() as download:
        await audio.get_by_role("link", name="Save the body").click()
    await (await download.value).save_as(tmp_path / "part")
    assert (tmp_path / "part").read_bytes() == (await owner.audio(made["id"])).content[:100]


async def test_the_body_of_a_call_begins_with_an_example_and_a_refusal_is_shown(
    page: Page, owner: Person
) -> None:
    form = await open_call(page, "patch", "/v1/conversions/{conversion_id}")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_label("conversion_id in path, required")).to_be_focused()
    await form.get_by_label("conversion_id in path, required").fill("0" * 32)
    await expect(form.get_by_label("Body, application/json")).to_have_value(re.compile('"title"'))
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("status")).to_contain_text("404 Not Found")
    await expect(form.get_by_label("Body of the response")).to_contain_text('"code": "not_found"')


async def test_a_call_can_be_sent_with_another_token_or_with_none(page: Page, owner: Person) -> None:
    form = await open_call(page, "get", "/v1/auth/me")
    await page.get_by_label("without a token").check()
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("status")).to_contain_text("401 Unauthorized")
    other = await signed_in(owner.http)
    await page.get_by_label("with another access token or API key").check()
    await page.get_by_label("Access token or API key", exact=True).fill(other.tokens["access_token"])
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_label("Body of the response")).to_contain_text(other.email)


async def test_a_sign_in_in_another_tab_and_a_sign_out_tried_here_are_noticed(
    page: Page, http: httpx.AsyncClient
) -> None:
    person = await signed_in(http)
    await page.goto("./schema")
    async with page.expect_popup() as opened:
        await page.get_by_role("link", name="Sign in (opens a new tab)").click()
    await sign_in(await opened.value, person.email)
    await expect(page.get_by_text(f"Signed in as {person.email}.")).to_be_visible()
    await (await opened.value).close()  # it would notice the end of the session, too
    form = await open_call(page, "post", "/v1/auth/logout")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("status")).to_contain_text("204 No Content")
    await form.get_by_role("button", name="Send").click()
    await expect(form.get_by_role("status")).to_contain_text("401 Unauthorized")
    await expect(page.get_by_text("Not signed in")).to_be_visible()


async def test_a_call_is_found_and_sent_by_keyboard_alone(page: Page, owner: Person) -> None:
    await press_tab_to(page, "searchbox", "Find calls")
    await page.keyboard.type("get jwks")
    await expect(page.get_by_text(re.compile(r"^1 of \d+ calls$"))).to_be_visible()
    for _ in range(10):
        await page.keyboard.press("Tab")
        if await page.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    await page.keyboard.press("Enter")
    await press_tab_to(page, "button", "Send")
    await page.keyboard.press("Enter")
    await expect(page.get_by_label("Body of the response")).to_contain_text('"keys"')


async def test_the_reference_is_accessible_with_its_forms_and_answers(page: Page, owner: Person) -> None:
    await page.get_by_label("with another access token or API key").check()
    await (await open_call(page, "post", "/v1/conversions")).get_by_text("Optional form fields").click()
    me = await open_call(page, "get", "/v1/auth/me")
    await me.get_by_role("button", name="Send").click()
    await expect(me.get_by_role("status")).to_contain_text("401")
    await page.get_by_label("as you, signed in here").check()
    listed = await open_call(page, "get", "/v1/conversions")
    await listed.get_by_text("As a command line").click()
    await listed.get_by_role("button", name="Send").click()
    await expect(listed.get_by_role("status")).to_contain_text("200")
    await listed.get_by_text("Header fields").click()
    await (await open_call(page, "patch", "/v1/webhooks/{webhook_id}")).get_by_text("As a command").click()
    await page.locator("#schemas > details > summary").first.click()
    await page.evaluate(FEW_CLOSED)
    await check_accessibility(page)


async def test_without_scripts_every_call_can_be_read(system: System) -> None:
    async with chromium() as browser, visitor(browser, system.url, java_script_enabled=False) as context:
        page = await context.new_page()
        await page.set_viewport_size({"width": 360, "height": 740})
        await page.goto("./schema")
        await page.get_by_text("Upload a video to be converted").click()
        await expect(page.get_by_role("cell", name="multipart/form-data")).to_be_visible()
        await expect(page.get_by_role("button")).to_have_count(0)
