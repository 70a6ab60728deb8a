"""First view of the page in Chromium: bytes sent for it, and the time until it can be used.

The browser has an empty cache and a processor slowed down four times, as a phone's; the page is served by the
gateway of the whole system on loopback. Each visit is of a new browser context.
"""

import asyncio
import shutil
import statistics
import time
from typing import Any

from playwright.async_api import Browser, async_playwright

from bench.load import Missing
from bench.system import measured_system

VISITS = 9
SLOWED_DOWN = 4
LIMIT_KB, LIMIT_S = 150, 1.0
TIMEOUT_MS = 30_000


def main() -> None:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        raise Missing("Chromium is missing: `apt-get install chromium`")
    with measured_system() as system:
        asyncio.run(measured(program, system.stack.url))


async def measured(program: str, url: str) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            visits = [await visited(browser, url) for _ in range(VISITS + 1)][1:]  # the first one warms up
        finally:
            await browser.close()
    kilobytes = max(sent for sent, _ in visits) / 1000
    seconds = sorted(taken for _, taken in visits)
    print(f"page: first view {kilobytes:.1f} kB compressed, with headers (budget {LIMIT_KB} kB)")
    print(
        f"page: usable after {statistics.median(seconds):.2f} s ({seconds[0]:.2f} to {seconds[-1]:.2f} s,"
        f" {VISITS} visits, processor slowed down {SLOWED_DOWN} times; budget {LIMIT_S:g} s)"
    )


async def visited(browser: Browser, url: str) -> tuple[int, float]:
    """Bytes received for the first view, and seconds until its form can be filled in."""
    context = await browser.new_context()
    try:
        page = await context.new_page()
        session = await context.new_cdp_session(page)
        sent: list[int] = []

        def count(event: dict[str, Any]) -> None:
            sent.append(int(event["encodedDataLength"]))

        session.on("Network.loadingFinished", count)
        await session.send("Network.enable")
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWED_DOWN})
        began = time.monotonic()
        await page.goto(f"{url}/", wait_until="commit", timeout=TIMEOUT_MS)
        await page.get_by_label("Email address").fill("ann@example.org", timeout=TIMEOUT_MS)
        taken = time.monotonic() - began
        await page.wait_for_load_state("networkidle", timeout=TIMEOUT_MS)
        return sum(sent), taken
    finally:
        await context.close()
