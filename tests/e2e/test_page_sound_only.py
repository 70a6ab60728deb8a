"""The page sends the sound of a video alone where that gives the same result, on the real system."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.support.browser import executable
from tests.support.cable import Cable, cable
from tests.support.client import Person, signed_in
from tests.support.media import Media
from tests.support.page import (
    check_accessibility,
    choose,
    chromium,
    load_axe,
    send_whole_videos,
    sign_in,
    visitor,
)
from tests.support.sound_only_cases import FIRST_TWO, H264, PICTURE, TONE
from tests.support.system import System
from tests.support.wait import PATIENCE_S

pytestmark = pytest.mark.skipif(executable() is None, reason="no browser on this machine")

SAID = "Only the sound is sent"
FIRST_BYTES, TWICE_BYTES = 1_000_000, 2_000_000
# Noise, which FLAC makes hardly smaller.
NOISE = ("-f", "lavfi", "-i", "anoisesrc=d=40:r=48000")
LONG_PICTURE = ("-f", "lavfi", "-i", "testsrc=size=320x180:rate=25:duration=40,noise=alls=60:allf=t")


@pytest.fixture
async def line(system: System) -> AsyncIterator[tuple[Cable, str]]:
    async with cable(system.address, FIRST_BYTES) as made:
        yield made


@pytest.fixture
async def page(line: tuple[Cable, str]) -> AsyncIterator[Page]:
    async with chromium() as browser, visitor(browser, line[1]) as context:
        yield await context.new_page()


@pytest.fixture
async def owner(http: httpx.AsyncClient) -> Person:
    return await signed_in(http)


@pytest.fixture
def video(media: Media, tmp_path: Path) -> Path:
    path = tmp_path / "holiday.mp4"
    made = media.made([*PICTURE, *TONE, *FIRST_TWO, *H264, "-c:a", "aac", "-metadata", "artist=Ann"], "mp4")
    path.write_bytes(made.read_bytes())
    return path


async def converted(page: Page, owner: Person, count: int) -> dict[str, Any]:
    """The latest conversion, and its audio, once so many are ready."""
    await expect(page.locator(".row[data-state=completed]")).to_have_count(count)
    latest: dict[str, Any] = (await owner.get("/v1/conversions")).json()["items"][0]
    audio = await owner.get(f"/v1/conversions/{latest['id']}/audio")
    return {**latest, "audio": audio.content}


async def test_the_sound_of_a_video_is_sent_and_the_switch_sends_the_whole_with_the_same_result(
    page: Page, owner: Person, video: Path, line: tuple[Cable, str]
) -> None:
    network, size = line[0], video.stat().st_size
    await network.hold_nothing()
    await load_axe(page)
    await sign_in(page, owner.email)
    before = network.sent
    await choose(page, video)
    alone = await converted(page, owner, 1)
    assert network.sent - before < size / 2
    assert alone["source"]["size"] < size / 2
    await send_whole_videos(page)
    await check_accessibility(page)
    await choose(page, video)
    whole = await converted(page, owner, 2)
    assert whole["source"]["size"] == size
    assert alone["audio"] == whole["audio"]
    assert alone["source"]["filename"] == whole["source"]["filename"] == video.name
    await page.reload()
    await page.get_by_text("More options").click()
    await expect(page.get_by_label("Send the whole video")).to_be_checked()


async def test_the_whole_video_is_sent_if_its_sound_cannot_be_taken_out(
    page: Page, owner: Person, video: Path, line: tuple[Cable, str]
) -> None:
    network, _ = line
    await page.route("**/sound_only-*.js", lambda route: route.abort())
    await sign_in(page, owner.email)
    await choose(page, video)
    reason = "The whole video is sent: taking out its sound did not work."
    await expect(page.get_by_text(reason)).to_be_visible()
    await network.hold_nothing()
    sent = await converted(page, owner, 1)
    assert sent["source"]["size"] == video.stat().st_size


async def test_the_upload_of_a_sound_goes_on_after_a_reload(
    page: Page, owner: Person, media: Media, line: tuple[Cable, str]
) -> None:
    network, _ = line
    video = media.made([*LONG_PICTURE, *NOISE, *FIRST_TWO, *H264, "-c:a", "flac"], "mkv")
    await sign_in(page, owner.email)
    await choose(page, video)
    await asyncio.wait_for(network.holds.wait(), PATIENCE_S)
    await expect(page.get_by_text(SAID)).to_be_visible()
    await page.reload()
    await expect(page.get_by_text(SAID)).to_be_visible()
    await network.hold_nothing()
    sent = (await converted(page, owner, 1))["source"]["size"]
    assert sent < 0.6 * video.stat().st_size
    assert network.sent < sent + TWICE_BYTES, "it went on, and was not sent anew"
