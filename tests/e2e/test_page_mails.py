"""From the page to the mailbox and back: a forgotten password, and the confirmation of an address."""

from secrets import token_hex

import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import PASSWORD
from tests.support.mailbox import Mailbox, link_in
from tests.support.page import register

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

CONFIRM, CHOOSE = "Confirm your address", "Choose a new password"
NEW = "another battery horse staple"


async def test_a_forgotten_password_is_replaced(page: Page, mailbox: Mailbox) -> None:
    email = f"{token_hex(6)}@example.org"
    await register(page, email)
    await page.get_by_role("button", name="Sign out").click()
    await page.get_by_role("button", name="Forgotten your password?").click()
    await page.get_by_label("Email address").fill(email)
    await page.get_by_role("button", name="Send the mail").click()
    await expect(page.get_by_text("Look into your mailbox")).to_be_visible()
    await page.goto(link_in(await mailbox.next_about_account(email, CHOOSE)))
    await page.get_by_label("New password").fill(NEW)
    await page.get_by_role("button", name="Change my password").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()
    await page.get_by_role("link", name="Back to Tonegate").click()
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password", exact=True).fill(NEW)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


async def test_an_address_is_confirmed_and_the_account_shows_it(page: Page, mailbox: Mailbox) -> None:
    email = f"{token_hex(6)}@example.org"
    await register(page, email)
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_text("Not confirmed yet")).to_be_visible()
    await page.get_by_role("button", name="Send a confirmation mail").click()
    await page.goto(link_in(await mailbox.next_about_account(email, CONFIRM)))
    await page.get_by_label("Your password").fill(PASSWORD)
    await page.get_by_role("button", name="Confirm my address").click()
    await expect(page.get_by_text("your address is confirmed")).to_be_visible()
    await page.get_by_role("link", name="Back to Tonegate").click()
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()


async def test_who_is_signed_in_confirms_an_address_without_the_password(
    page: Page, mailbox: Mailbox
) -> None:
    """Accounts of sign-in providers have none."""
    email = f"{token_hex(6)}@example.org"
    await register(page, email)
    await page.get_by_role("link", name="Account").click()
    await page.get_by_role("button", name="Send a confirmation mail").click()
    link = link_in(await mailbox.next_about_account(email, CONFIRM))
    await page.goto(link)
    await page.get_by_role("link", name="while you are signed in").click()
    await expect(page.get_by_text("your address is confirmed")).to_be_visible()
    assert "confirm" not in page.url, "the secret does not stay in the address"
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()


async def test_who_signs_in_after_the_link_confirms_the_address(page: Page, mailbox: Mailbox) -> None:
    email = f"{token_hex(6)}@example.org"
    await register(page, email)
    await page.get_by_role("link", name="Account").click()
    await page.get_by_role("button", name="Send a confirmation mail").click()
    link = link_in(await mailbox.next_about_account(email, CONFIRM))
    await page.get_by_role("button", name="Sign out", exact=True).click()
    await page.goto(link)
    await page.get_by_role("link", name="while you are signed in").click()
    await expect(page.get_by_text("Sign in to confirm your address.")).to_be_visible()
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await expect(page.get_by_text("your address is confirmed")).to_be_visible()
