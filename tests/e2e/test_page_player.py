"""The player of the page: waveform, chapters, pointer and keyboard."""

from pathlib import Path

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import check_accessibility, sign_in
from tests.support.wait import until

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

SECONDS = 20
TIME = "document.querySelector('audio').currentTime"
PAUSED = "document.querySelector('audio').paused"


@pytest.fixture
def marked(media: Media, tmp_path: Path) -> Path:
    """A video with three chapters, of which one has a title that would be markup and one has none."""
    marks = tmp_path / "marks.txt"
    chapters = ((0, 5, "Opening"), (5, 12, "<b>Second</b>"), (12, SECONDS, ""))
    marks.write_text(
        ";FFMETADATA1\n"
        + "".join(
            f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}000\nEND={end}000\ntitle={title}\n"
            for start, end, title in chapters
        )
    )
    tone = ("-f", "lavfi", "-i", f"sine=frequency=440:duration={SECONDS}")
    video = ("-f", "lavfi", "-i", f"testsrc=size=160x90:rate=5:duration={SECONDS}", *tone, "-c:v", "mpeg4")
    return media.made([*video, "-i", str(marks), "-map_chapters", "2", "-c:a", "aac"], "mkv")


@pytest.fixture
async def person(page: Page, http: httpx.AsyncClient, marked: Path) -> Person:
    """Signed in in the page, with a conversion of the video."""
    person = await signed_in(http)
    accepted = await person.upload(marked, "marked.mkv")
    await person.finished(accepted.json()["id"])
    await sign_in(page, person.email)
    return person


async def test_one_seeks_in_the_waveform_and_by_chapters(page: Page, person: Person) -> None:
    await page.get_by_role("button", name="Play").click()
    slider = page.get_by_role("slider", name="Position in marked.mkv")
    await expect(slider).to_have_attribute("aria-valuemax", str(SECONDS))
    await until(lambda: page.evaluate(f"{TIME} > 0.1"))
    await page.evaluate("document.querySelector('audio').pause()")

    box = await slider.bounding_box()
    assert box is not None
    await slider.click(position={"x": box["width"] * 0.75, "y": box["height"] / 2})
    assert await page.evaluate(TIME) == pytest.approx(0.75 * SECONDS, abs=0.3)
    await expect(slider).to_have_attribute("aria-valuetext", "0:15 of 0:20")
    await expect(page.get_by_role("button", name="Chapter 3")).to_have_attribute("aria-current", "true")

    await slider.focus()
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowRight")
    assert await page.evaluate(TIME) == pytest.approx(5, abs=0.1)
    second = page.get_by_role("button", name="<b>Second</b>")
    await expect(second).to_have_attribute("aria-current", "true")

    assert await page.evaluate(PAUSED)
    await page.get_by_role("button", name="Chapter 3").press("Enter")
    await until(lambda: page.evaluate(f"!{PAUSED} && {TIME} >= 12"))
    assert len(await page.locator(".waveform .mark").all()) == 2


async def test_the_player_is_accessible_in_both_schemes_and_on_a_narrow_screen(
    page: Page, person: Person
) -> None:
    await page.get_by_role("button", name="Play").click()
    await expect(page.get_by_role("slider")).to_be_visible()
    await expect(page.get_by_role("list", name="Chapters")).to_be_visible()
    await page.evaluate("document.querySelector('audio').pause()")
    await check_accessibility(page)


async def test_audio_without_a_waveform_is_played_all_the_same(page: Page, person: Person) -> None:
    await page.route("**/waveform", lambda route: route.fulfill(status=404, json={"code": "not_found"}))
    await page.route("**/chapters", lambda route: route.fulfill(status=503, json={"code": "unavailable"}))
    await page.get_by_role("button", name="Play").click()
    await until(lambda: page.evaluate("document.querySelector('audio')?.currentTime > 0.1"))
    await expect(page.get_by_role("slider")).to_have_count(0)
