"""The account's view of the page: sessions, keys, deletion."""

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.authenticator_app import AuthenticatorApp
from tests.support.browser import executable
from tests.support.client import PASSWORD, Person
from tests.support.page import check_accessibility, register, sign_out
from tests.support.proofs import let_proofs_lapse
from tests.support.system import System

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")


async def opened(page: Page, email: str) -> None:
    await register(page, email)
    await page.get_by_role("link", name="Account").click()
    await expect(page.get_by_role("heading", name="Your account")).to_be_visible()


async def test_an_authenticator_app_is_added_and_asked_for_at_the_next_sign_in(
    page: Page, http: httpx.AsyncClient
) -> None:
    person = Person(http)
    await opened(page, person.email)
    await page.get_by_role("button", name="Add an authenticator app").click()
    app = AuthenticatorApp(await page.get_by_role("dialog").locator("code").inner_text())
    await page.get_by_label("Code", exact=True).fill(app.next())
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery = await page.get_by_role("dialog").locator("code").first.inner_text()
    await check_accessibility(page)
    await page.get_by_role("button", name="I have kept them").click()
    await expect(page.get_by_text("Unused recovery codes: 10")).to_be_visible()
    for code in (app.next(), recovery):
        await sign_out(page)
        await page.goto("./")
        await page.get_by_label("Email address").fill(person.email)
        await page.get_by_label("Password", exact=True).fill(PASSWORD)
        await page.get_by_role("button", name="Sign in").click()
        await expect(page.get_by_role("heading", name="One more step")).to_be_visible()
        await page.get_by_label("Code", exact=True).fill("000000")
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_text("This code is not right")).to_be_visible()
        await page.get_by_label("Code", exact=True).fill(code)
        await page.get_by_role("button", name="Continue").click()
        await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


async def test_a_new_password_and_the_deletion_ask_for_the_second_factor(
    page: Page, http: httpx.AsyncClient, system: System
) -> None:
    person = Person(http)
    await opened(page, person.email)
    await page.get_by_role("button", name="Add an authenticator app").click()
    app = AuthenticatorApp(await page.get_by_role("dialog").locator("code").inner_text())
    await page.get_by_label("Code", exact=True).fill(app.next())
    await page.get_by_role("button", name="Confirm", exact=True).click()
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    recovery = await page.get_by_role("dialog").locator("code").first.inner_text()
    await page.get_by_role("button", name="I have kept them").click()
    await let_proofs_lapse(system)
    await page.get_by_role("button", name="Change password").click()
    await page.get_by_label("Current password", exact=True).fill(PASSWORD)
    await page.get_by_label("New password", exact=True).fill("another password altogether")
    await page.get_by_role("button", name="Save").click()
    proof = page.get_by_role("dialog", name="Is it you?")
    await proof.get_by_role("button", name="Cancel").click()
    await expect(page.get_by_role("alert")).to_have_count(0)
    await page.get_by_role("button", name="Save").click()
    await proof.get_by_label("Code", exact=True).fill(app.next())
    await proof.get_by_role("button", name="Continue").click()
    await expect(page.get_by_text("Your password is changed.")).to_be_visible()

    await let_proofs_lapse(system)
    await page.get_by_role("button", name="Delete my account").click()
    deletion = page.get_by_role("dialog", name="Delete your account?")
    await deletion.get_by_label("Password", exact=True).fill("another password altogether")
    await deletion.get_by_role("button", name="Delete my account").click()
    await proof.get_by_label("Code", exact=True).fill(recovery)
    await proof.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()


async def test_other_sessions_keys_and_the_account_are_ended(page: Page, http: httpx.AsyncClient) -> None:
    person = Person(http)
    await opened(page, person.email)
    (await person.sign_in()).raise_for_status()
    await page.reload()
    await page.get_by_role("button", name="Sign out everywhere else").click()
    await expect(page.get_by_text("Signed out there.")).to_be_visible()
    assert (await person.get("/v1/auth/me")).status_code == httpx.codes.UNAUTHORIZED

    await page.get_by_label("Name of a new key").fill("nightly import")
    await page.get_by_role("button", name="Create key").click()
    key = await page.get_by_role("textbox", name="Your new API key").input_value()
    own = {"Authorization": f"Bearer {key}"}
    assert (await http.get("/v1/conversions", headers=own)).is_success
    await page.get_by_role("button", name="I have kept them").click()
    await page.get_by_role("button", name="Remove nightly import").click()
    await expect(page.get_by_role("button", name="Remove nightly import")).to_have_count(0)
    assert (await http.get("/v1/conversions", headers=own)).status_code == httpx.codes.UNAUTHORIZED

    await page.get_by_role("button", name="Delete my account").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Password", exact=True).fill("not my password")
    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(dialog.get_by_text("This is not your password.")).to_be_visible()
    await dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    await dialog.get_by_role("button", name="Delete my account").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert (await person.sign_in()).json()["code"] == "invalid_credentials"
