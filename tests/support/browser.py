"""Drives Chromium or Chrome over the DevTools protocol; `executable` is None where none is installed.

`make test` installs one on Debian and macOS; on Ubuntu the browser tests need one installed by hand.
"""

import asyncio
import json
import re
import shutil
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.wait import PATIENCE_S

EVENTS = 1000
LISTENING = re.compile(r"DevTools listening on (ws://\S+)")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # Chromium does not start its sandbox as root; only our own pages are opened
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)


PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


def executable() -> str | None:
    """Path of the first program of `PROGRAMS` that exists; an absolute path is looked up as it stands."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Tab:
    """One DevTools session; commands are answered in order. `events` came meanwhile."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session_id: str = "") -> None:
        self._socket, self._session_id, self._last = socket, session_id, 0
        self.events: deque[dict[str, Any]] = deque(maxlen=EVENTS)

    async def command(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters}
        await self._socket.send_json(message | ({"sessionId": self._session_id} if self._session_id else {}))
        while True:
            answer = await self._socket.receive_json(timeout=PATIENCE_S)
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            if "method" in answer:
                self.events.append(answer)

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """Evaluates a JavaScript expression in the page and returns its value."""
        answer = await self.command("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    async def type_into(self, field: str, text: str) -> None:
        await self.run(f"document.getElementById({json.dumps(field)}).value = {json.dumps(text)}")


@asynccontextmanager
async def browsing(profile: Path, *arguments: str) -> AsyncIterator[Tab]:
    """Starts a browser with the user data directory `profile` and more `arguments`; yields one tab."""
    program = executable()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        *ARGUMENTS,
        *arguments,
        f"--user-data-dir={profile}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            address = await _address(process)
        async with aiohttp.ClientSession() as session, session.ws_connect(address) as socket:
            browser = Tab(socket)
            target = (await browser.command("Target.createTarget", url="about:blank"))["targetId"]
            attached = await browser.command("Target.attachToTarget", targetId=target, flatten=True)
            yield Tab(socket, attached["sessionId"])
            await browser.command("Browser.close")
    finally:
        if process.returncode is None:
            try:
                await asyncio.wait_for(process.wait(), PATIENCE_S)
            except TimeoutError:
                process.kill()
                await process.wait()


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        if found := LISTENING.search(line.decode(errors="replace")):
            return found[1]
    raise AssertionError("the browser did not start")
