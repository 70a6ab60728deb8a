"""A real browser, driven over the Chrome DevTools protocol; only where one is installed."""

import asyncio
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.support.wait import PATIENCE_S

LISTENING = re.compile(r"DevTools listening on (ws://\S+)")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",  # it sees our own pages only, and may run as root
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-port=0",
)


def executable() -> str | None:
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Tab:
    def __init__(self, socket: aiohttp.ClientWebSocketResponse, session_id: str = "") -> None:
        self._socket, self._session_id, self._last = socket, session_id, 0

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

    async def open(self, url: str) -> None:
        await self.command("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        said = await self.command("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def type_into(self, field: str, text: str) -> None:
        await self.run(f"document.getElementById({json.dumps(field)}).value = {json.dumps(text)}")


@asynccontextmanager
async def browsing(profile: Path) -> AsyncIterator[Tab]:
    """One tab of a browser of its own, whose files lie in `profile`."""
    program = executable()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        *ARGUMENTS,
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
