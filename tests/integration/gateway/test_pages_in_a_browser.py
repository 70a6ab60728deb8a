"""Pages behind mailed links in a real browser, which enforces their Content-Security-Policy."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.integration.gateway.rig import Rig
from tests.integration.gateway.services import ReceivedRequest
from tests.integration.gateway.test_accounts import answer
from tests.support.browser import Tab, browsing, executable
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

SECRET = "s3cret_of-43_characters_is_what_a_link_holds"
SAID = "document.getElementById('message').textContent"
PRESS = "document.querySelector('button').click()"


@pytest.fixture
async def tab(tmp_path: Path) -> AsyncIterator[Tab]:
    async with browsing(tmp_path) as tab:
        yield tab


async def test_an_address_is_verified_by_the_password_and_one_click(rig: Rig, tab: Tab) -> None:
    answer(rig, "204 X", None)
    await opened(tab, f"{rig.url}/verify-email#token={SECRET}")
    assert await tab.run("document.getElementById('token').closest('p').hidden") is True
    assert await tab.run("location.hash") == "", "the secret does not stay in the address"
    assert rig.auth.seen == [], "opening the page alone spends nothing: scanners of mails do that"
    await tab.run(PRESS)
    assert rig.auth.seen == [], "the link alone does not prove the account"
    await tab.type_into("password", "the account's own words")
    await tab.run(PRESS)
    await wait_for_message(tab, "confirmed")
    [seen] = rig.auth.seen
    body = {"token": SECRET, "password": "the account's own words"}
    assert (seen.target, sent(seen)) == ("/v1/auth/email/verify", body)
    assert await tab.run("document.querySelector('form').hidden") is True


async def test_a_new_password_is_chosen_at_the_second_try(rig: Rig, tab: Tab) -> None:
    async def too_weak(seen: ReceivedRequest) -> None:
        await seen.read_body()
        seen.problem(422, "weak_password")

    rig.auth.script = too_weak
    await opened(tab, f"{rig.url}/reset-password#token={SECRET}")
    await tab.type_into("password", "password1")
    await tab.run(PRESS)
    await wait_for_message(tab, "weak_password")
    answer(rig, "204 X", None)
    await until(lambda: tab.run("!document.querySelector('button').disabled"))
    await tab.type_into("password", "another password altogether")
    await tab.run(PRESS)
    await wait_for_message(tab, "Your password is changed")
    assert sent(rig.auth.seen[-1]) == {"token": SECRET, "password": "another password altogether"}


async def test_without_a_secret_in_the_url_the_page_has_a_field_for_it(rig: Rig, tab: Tab) -> None:
    answer(rig, "204 X", None)
    await opened(tab, f"{rig.url}/verify-email")
    assert await tab.run("document.getElementById('token').closest('p').hidden") is False
    await tab.run(PRESS)
    assert rig.auth.seen == []
    await tab.type_into("token", SECRET)
    await tab.type_into("password", "the account's own words")
    await tab.run(PRESS)
    await wait_for_message(tab, "confirmed")


async def opened(tab: Tab, url: str) -> None:
    await tab.open(url)
    await until(lambda: tab.run("document.readyState === 'complete' && !!document.querySelector('form')"))


async def wait_for_message(tab: Tab, text: str) -> None:
    async def has_message() -> bool:
        return text in str(await tab.run(SAID))

    await until(has_message, what=f"the page says {text!r}")


def sent(seen: ReceivedRequest) -> object:
    return msgspec.json.decode(bytes(seen.body))
