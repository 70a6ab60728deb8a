"""Takes the sound out of videos with the built page's own code, in Chromium."""

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Page, Route

from devstack.home import REPOSITORY
from tests.support.page import chromium

ASSETS = REPOSITORY / "web/dist/assets"
ADDRESS = "http://page.test/"
EMPTY_PAGE = '<!doctype html><input type="file">'
TAKE = """async (address) => {
    const { soundOf } = await import(address);
    const outcome = await soundOf(document.querySelector("input").files[0]);
    if ("whole" in outcome) return outcome;
    const reader = new FileReader();
    const read = new Promise(done => { reader.onload = done; });
    reader.readAsDataURL(outcome.sound);
    await read;
    return { sound: reader.result.split(",")[1] };
}"""

# What people record with a page of their own: neither the file nor its clusters have a length.
RECORD = """async () => {
    const canvas = document.createElement("canvas");
    const [drawing, sounds] = [canvas.getContext("2d"), new AudioContext()];
    await sounds.resume();
    const [tone, output] = [sounds.createOscillator(), sounds.createMediaStreamDestination()];
    tone.connect(output);
    tone.start();
    const draw = () => {
        const noise = drawing.createImageData(canvas.width, canvas.height);
        crypto.getRandomValues(noise.data.subarray(0, 65536));
        drawing.putImageData(noise, 0, 0);
        requestAnimationFrame(draw);
    };
    draw();
    const tracks = [...canvas.captureStream(25).getTracks(), ...output.stream.getTracks()];
    const recorder = new MediaRecorder(new MediaStream(tracks), { mimeType: "video/webm;codecs=vp8,opus" });
    const parts = [];
    const enough = new Promise(done => {
        recorder.ondataavailable = ({ data }) => parts.push(data) === 8 && done();
    });
    const stopped = new Promise(done => { recorder.onstop = done; });
    recorder.start(500);
    await enough;
    recorder.stop();
    await stopped;
    const reader = new FileReader();
    const read = new Promise(done => { reader.onload = done; });
    reader.readAsDataURL(new Blob(parts));
    await read;
    return reader.result.split(",")[1];
}"""


@dataclass(frozen=True)
class Taken:
    """`sound` is what the page sends in place of the video; None, with the reason, if it sends the video."""

    sound: bytes | None
    reason: str | None


@dataclass(frozen=True)
class SoundTaker:
    page: Page

    async def take(self, video: Path) -> Taken:
        await self.page.locator("input").set_input_files(str(video))
        [module] = ASSETS.glob("sound_only-*.js")
        outcome: dict[str, Any] = await self.page.evaluate(TAKE, ADDRESS + module.name)
        sound = outcome.get("sound")
        return Taken(None if sound is None else base64.b64decode(sound), outcome.get("whole"))

    async def record(self) -> bytes:
        """A video of some seconds that the browser records."""
        # Browsers begin to play sound after a click only.
        await self.page.locator("body").click()
        return base64.b64decode(await self.page.evaluate(RECORD))


@asynccontextmanager
async def sound_taker() -> AsyncIterator[SoundTaker]:
    async with chromium() as browser:
        page = await browser.new_page()
        await page.route(f"{ADDRESS}**", _answer)
        await page.goto(ADDRESS)
        yield SoundTaker(page)


async def _answer(route: Route) -> None:
    name = route.request.url.removeprefix(ADDRESS)
    if not name:
        await route.fulfill(content_type="text/html", body=EMPTY_PAGE)
    else:
        await route.fulfill(content_type="text/javascript", path=ASSETS / name)
