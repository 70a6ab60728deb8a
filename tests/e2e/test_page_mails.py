"""From the page to the mailbox and back: a forgotten password, and the confirmation of an address."""

from secrets import token_hex

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import PASSWORD, Person
from tests.support.mailbox import Mailbox, link_in
from tests.support.page import check_accessibility, register, sign_out

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

CONFIRM, CHOOSE = "Confirm your address", "Choose a new password"
NEW = "another battery horse staple"


async def test_a_forgotten_password_is_replaced(page: Page, mailbox: Mailbox) -> None:
    email = f"{token_hex(6)}@example.org"
    await register(page, email)
    await sign_out(page)
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
    dialog = page.get_by_role("dialog", name="Confirm your address?")
    await expect(dialog.get_by_text(email)).to_be_visible()
    await check_accessibility(page)
    await dialog.get_by_role("button", name="Confirm").click()
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
    await sign_out(page)
    await page.goto(link)
    await page.get_by_role("link", name="while you are signed in").click()
    await expect(page.get_by_text("Sign in to confirm your address.")).to_be_visible()
    await page.get_by_label("Email address").fill(email)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.get_by_role("dialog").get_by_role("button", name="Confirm").click()
    await expect(page.get_by_text("your address is confirmed")).to_be_visible()


async def test_a_link_changes_no_address_by_itself(
    page: Page, mailbox: Mailbox, http: httpx.AsyncClient
) -> None:
    """A thief may have requested the change and lure the owner to the link."""
    email, other = (f"{token_hex(6)}@example.org" for _ in range(2))
    await register(page, email)
    person = Person(http, email)
    (await person.sign_in()).raise_for_status()
    (await person.request("PATCH", "/v1/auth/me", json={"email": other})).raise_for_status()
    link = link_in(await mailbox.next_about_account(other, CONFIRM))
    secret = link.partition("#token=")[2]
    await page.goto(f"./#confirm={secret}")
    dialog = page.get_by_role("dialog", name="Confirm your address?")
    await expect(dialog.get_by_text(other)).to_be_visible()
    assert (await person.get("/v1/auth/me")).json()["email"] == email
    await dialog.get_by_role("button", name="No").click()
    await expect(dialog).to_have_count(0)
    assert (await person.get("/v1/auth/me")).json()["email"] == email
