"""The page in Chromium, on the real system: from registration to the audio file."""

from collections.abc import AsyncIterator
from pathlib import Path
from secrets import token_hex

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.support.browser import executable
from tests.support.media import Media, probe
from tests.support.page import choose, chromium, register, sign_in, visitor
from tests.support.system import System
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

# Script of a page: everything that a script can read of what the browser keeps.
READABLE = """async () => {
  const stores = [Object.values(localStorage), Object.values(sessionStorage), document.cookie];
  for (const { name } of await indexedDB.databases()) {
    const database = await new Promise((done) => {
      const opening = indexedDB.open(name);
      opening.onsuccess = () => done(opening.result);
    });
    for (const store of database.objectStoreNames) {
      const all = database.transaction(store).objectStore(store).getAll();
      stores.push(await new Promise((done) => { all.onsuccess = () => done(all.result); }));
    }
    database.close();
  }
  return JSON.stringify(stores);
}"""


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest.fixture
async def context(browser: Browser, system: System) -> AsyncIterator[BrowserContext]:
    async with visitor(browser, system.url) as context:
        yield context


@pytest.fixture
async def page(context: BrowserContext) -> Page:
    return await context.new_page()


@pytest.fixture
def email() -> str:
    return f"{token_hex(6)}@example.org"


@pytest.fixture
def named(tmp_path: Path, media: Media) -> Path:
    """A short video whose name would be markup."""
    path = tmp_path / "<img src=x onerror=document.title='taken'>.mp4"
    path.write_bytes(media.video(seconds=2).read_bytes())
    return path


async def test_a_video_becomes_an_audio_file_that_can_be_heard_saved_and_deleted(
    page: Page, email: str, named: Path, tmp_path: Path
) -> None:
    await register(page, email)
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()
    await page.get_by_text("Opus", exact=True).click()
    await choose(page, named)
    row = page.locator(".row[data-state=completed]")
    await expect(row.get_by_text(named.name)).to_be_visible()
    assert await page.title() == "Tonegate", "the name is text, and nothing is under way"

    async with page.expect_download() as download:
        await row.get_by_role("button", name="Download").click()
    await (await download.value).save_as(tmp_path / "audio")
    assert probe(tmp_path / "audio")["streams"][0]["codec_name"] == "opus"

    await row.get_by_role("button", name="Play").click()
    await until(lambda: page.evaluate("document.querySelector('audio')?.currentTime > 0.2"))

    await row.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_text("Nothing here yet")).to_be_visible()


async def test_a_session_outlives_a_reload_and_no_script_can_read_its_tokens(
    context: BrowserContext, page: Page, email: str
) -> None:
    await register(page, email)
    answers: list[str] = []
    page.on("response", lambda answer: answers.append(answer.url))
    await page.reload()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()
    assert any(url.endswith("/v1/auth/browser/refresh") for url in answers)
    cookies = {each["name"]: each for each in await context.cookies()}
    assert set(cookies) == {"tonegate-session", "tonegate-turn"}
    cookie = cookies["tonegate-session"]
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    readable = await page.evaluate(READABLE)
    assert cookies["tonegate-turn"]["value"] in readable, "what can be read was looked through"
    assert cookie["value"] not in readable
    assert "eyJ" not in readable, "no signed token either"


async def test_two_tabs_share_a_session_and_sign_out_together(
    context: BrowserContext, page: Page, email: str
) -> None:
    await register(page, email)
    other = await context.new_page()
    await other.goto("./")
    for tab in (page, other, page, other):
        await tab.reload()
        await expect(tab.get_by_role("button", name="Choose videos")).to_be_visible()
    for _ in range(4):
        for tab in (page, other):
            await tab.reload(wait_until="commit")  # leaves the page in the middle of its refresh
    for tab in (page, other):
        await expect(tab.get_by_role("button", name="Choose videos")).to_be_visible()
    await other.get_by_role("button", name="Sign out").click()
    for tab in (other, page):
        await expect(tab.get_by_label("Email address")).to_be_visible()
    await sign_in(page, email)
    await expect(other.get_by_role("button", name="Choose videos")).to_be_visible()


async def test_another_sites_page_can_neither_use_the_session_nor_frame_the_page(
    context: BrowserContext, page: Page, email: str, system: System
) -> None:
    """`localhost` is another site than `127.0.0.1`, where the session is."""
    await register(page, email)
    evil = await context.new_page()
    foreign = system.url.replace("127.0.0.1", "localhost")
    await evil.route(f"{foreign}/evil", lambda route: route.fulfill(content_type="text/html", body="<p>evil"))
    await evil.goto(f"{foreign}/evil")
    outcome = await evil.evaluate(
        """url => fetch(url, {method: 'POST', mode: 'no-cors', credentials: 'include'})
            .then((response) => response.type, (error) => error.name)""",
        f"{system.url}/v1/auth/browser/refresh",
    )
    assert outcome == "TypeError", "the browser withholds the response (Cross-Origin-Resource-Policy)"
    await evil.evaluate(
        "url => { document.body.appendChild(document.createElement('iframe')).src = url }",
        f"{system.url}/",
    )
    await until(lambda: _is_refused(evil), what="the frame is refused")
    await page.reload()
    await expect(page.get_by_role("button", name="Choose videos")).to_be_visible()


async def _is_refused(page: Page) -> bool:
    return any(frame.url.startswith("chrome-error:") for frame in page.frames)
