"""Administration in the page: the state of the system, accounts, conversions, dead letters, audit log."""

import asyncio

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.e2e.test_dead_letters import arrived, poison
from tests.support.browser import executable
from tests.support.client import PASSWORD, Person, signed_in
from tests.support.media import Media
from tests.support.page import check_accessibility, sign_in
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


@pytest.fixture
async def admin(system: System, http: httpx.AsyncClient) -> Person:
    person = Person(http)
    await asyncio.to_thread(
        system.command, "auth", "create-admin", person.email, AUTH_ADMIN_PASSWORD=PASSWORD
    )
    (await person.sign_in()).raise_for_status()
    return person


async def opened(page: Page, admin: Person) -> None:
    await sign_in(page, admin.email)
    await page.get_by_role("link", name="Administration").click()
    await expect(page.get_by_role("heading", name="Administration")).to_be_visible()


async def test_only_administrators_are_offered_the_view(page: Page, http: httpx.AsyncClient) -> None:
    person = await signed_in(http)
    await sign_in(page, person.email)
    await expect(page.get_by_role("link", name="Account")).to_be_visible()
    await expect(page.get_by_role("link", name="Administration")).to_have_count(0)
    await page.goto("./#admin")
    await page.reload()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    await expect(page.get_by_role("heading", name="Accounts")).to_have_count(0)


async def test_the_last_day_and_the_parts_are_shown(
    page: Page, admin: Person, http: httpx.AsyncClient, media: Media
) -> None:
    person = await signed_in(http)
    accepted = await person.upload(media.video(seconds=1), "for-the-chart.mp4")
    await person.finished(accepted.json()["id"])
    await opened(page, admin)
    parts = page.get_by_role("list", name="State of the parts")
    await expect(parts.get_by_text("in order").first).to_be_visible()
    rows = page.get_by_role("row")
    await expect(rows).to_have_count(25)
    now = rows.last.get_by_role("cell")
    assert int(await now.nth(0).inner_text()) >= int(await now.nth(1).inner_text())
    assert sum([int(await rows.nth(at).get_by_role("cell").nth(1).inner_text()) for at in (23, 24)]) >= 1
    await check_accessibility(page)


async def test_an_account_is_found_disabled_and_enabled_again(
    page: Page, admin: Person, http: httpx.AsyncClient, media: Media
) -> None:
    person = await signed_in(http)
    accepted = await person.upload(media.video(seconds=1), "of-that-account.mp4")
    await person.finished(accepted.json()["id"])
    await opened(page, admin)
    await page.get_by_label("Part of an address").fill(person.email[:12])
    await page.get_by_role("button", name="Search").click()
    await expect(page.get_by_role("button", name="Show conversions")).to_have_count(1)
    await page.get_by_role("button", name="Show conversions").click()
    await expect(page.get_by_text("of-that-account.mp4")).to_be_visible()
    await page.get_by_role("button", name="Disable", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    await expect(page.get_by_text("disabled", exact=False).first).to_be_visible()
    assert (await person.get("/v1/conversions")).status_code == httpx.codes.UNAUTHORIZED
    await page.get_by_role("button", name="Enable", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Yes").click()
    await expect(page.get_by_role("button", name="Disable", exact=True)).to_be_visible()
    assert (await person.sign_in()).is_success
    await page.reload()
    await expect(page.get_by_text("user changed").first).to_be_visible()


async def test_a_dead_letter_is_discarded(page: Page, admin: Person, system: System) -> None:
    await poison(system, "poison-for-the-page")
    await arrived(admin, "poison-for-the-page")
    await opened(page, admin)
    await page.get_by_role("button", name="Discard").first.click()
    await check_accessibility(page)
    await page.get_by_role("dialog").get_by_role("button", name="Discard").click()
    await expect(page.get_by_text("Discarded.")).to_be_visible()
    await expect(page.get_by_text("discarded", exact=False).first).to_be_visible()
