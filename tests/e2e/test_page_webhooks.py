"""Webhooks in the page's view of the account, with a receiver that is really called."""

from secrets import token_hex

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.page import check_accessibility, register
from tests.support.wait import until
from tests.support.webhooks import receiver

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


@pytest.fixture
async def page(page: Page) -> Page:
    """The view of a new account."""
    await register(page, f"{token_hex(6)}@example.org")
    await page.get_by_role("link", name="Account").click()
    return page


async def test_a_webhook_is_created_tested_replayed_disabled_and_deleted(page: Page) -> None:
    async with receiver() as there:
        there.answers = [500]
        await page.get_by_label("Address of your server").fill(there.url)
        await page.get_by_role("checkbox", name="was cancelled").uncheck()
        await page.get_by_role("button", name="Create webhook").click()
        secret = await page.get_by_role("textbox", name="Secret of the webhook").input_value()
        await page.get_by_role("button", name="I have kept it").click()
        await expect(page.get_by_text("is ready · has failed")).to_be_visible()
        await page.get_by_role("button", name="Deliveries").click()
        await expect(page.get_by_text("Nothing has been sent yet.")).to_be_visible()

        await page.get_by_role("button", name="Send a test").click()
        await expect(page.get_by_text("HTTP 204")).to_be_visible()
        await expect(page.get_by_text("2 attempts")).to_be_visible()
        assert there.calls[-1].verified(secret)["type"] == "webhook.test"
        await check_accessibility(page)
        await page.get_by_role("button", name="Send again").click()
        await until(lambda: len(there.taken) == 2, what="the message came again")
        assert len(set(there.taken)) == 1

        await page.get_by_role("button", name="New secret").click()
        assert await page.get_by_role("textbox", name="Secret of the webhook").input_value() != secret
        await page.get_by_role("button", name="I have kept it").click()
        await page.get_by_role("button", name="Disable").click()
        await expect(page.get_by_text("Disabled", exact=True)).to_be_visible()
        await expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
        await page.get_by_role("button", name="Enable").click()
        await expect(page.get_by_text("Enabled", exact=True)).to_be_visible()
        await page.get_by_role("button", name=f"Remove {there.url}").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_text(there.url)).to_have_count(0)


async def test_an_address_that_is_not_allowed_is_explained(page: Page) -> None:
    await page.get_by_label("Address of your server").fill("https://10.0.0.1/hook")
    await page.get_by_role("button", name="Create webhook").click()
    await expect(page.locator(".notices .problem")).to_contain_text("url")
