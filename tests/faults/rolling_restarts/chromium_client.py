"""Client with the fetch of Chromium, from a page of the gateway; `clients` loops share its connections."""

import asyncio
import contextlib
import json
from pathlib import Path
from typing import Any

from yarl import URL

from tests.faults.rolling_restarts.calls import Call, Calls
from tests.faults.rolling_restarts.node_client import FETCH_CALLS, count, encoded
from tests.faults.rolling_restarts.python_clients import is_over
from tests.faults.rolling_restarts.tally import Tally
from tests.support.browser import Tab, browsing
from tests.support.wait import until

POLL_S = 0.2
REFUSED = "net::ERR_CONNECTION_REFUSED"


async def use_chromium(
    url: str, calls: Calls, tally: Tally, over: asyncio.Event, profile: Path, clients: int
) -> None:
    log = profile.with_suffix(".netlog.json")
    async with browsing(profile, f"--log-net-log={log}") as tab:
        await tab.command("Network.enable")
        await tab.open(f"{url}/verify-email")
        await until(lambda: _is_loaded(tab), what="the page is loaded")
        await tab.run(FETCH_CALLS + "; const ready = []; 0")
        pending: dict[int, Call] = {}
        number = 0
        while not await is_over(over, POLL_S):
            while len(pending) < clients:
                number, call = number + 1, calls.draw()
                pending[number] = call
                start = f"send({encoded(call, call.pause_s)}, '', {{}})"
                await tab.run(f"{start}.then((result) => ready.push([{number}, result])); 0")
            for done, result in await tab.run("ready.splice(0)"):
                count(pending.pop(done), _with_cause(tab, result), tally)
            tally.kept += _count_kept(tab)
    for method, path in repetitions(log.read_text()):
        tally.sent_again(method, path)


def _count_kept(tab: Tab) -> int:
    """Takes the responses from the events of the browser; returns how many came on a kept connection."""
    responses = [each for each in tab.events if each["method"] == "Network.responseReceived"]
    for each in responses:
        tab.events.remove(each)
    return sum(bool(each["params"]["response"]["connectionReused"]) for each in responses)


def repetitions(log: str) -> list[tuple[str, str]]:
    """Requests that Chromium sent again by itself, which it cannot be told not to do, from its network log.

    The log has one event in each line after its constants.
    """
    head, _, events = log.partition('\n"events": [')
    types = json.loads(head.rstrip().rstrip(",") + "}")["constants"]["logEventTypes"]
    begun, again = types["URL_REQUEST_START_JOB"], types["HTTP_TRANSACTION_RESTART_AFTER_ERROR"]
    requests: dict[int, tuple[str, str]] = {}
    found = []
    for line in events.splitlines():
        with contextlib.suppress(ValueError):  # what ends the list
            event = json.loads(line.strip().rstrip(",").removesuffix("]}").removesuffix("],"))
            if event["type"] == begun and "url" in event.get("params", {}):
                asked = event["params"]
                requests[event["source"]["id"]] = (asked["method"], URL(asked["url"]).path)
            elif event["type"] == again:
                found.append(requests.get(event["source"]["id"], ("unknown", "")))
    return found


async def _is_loaded(tab: Tab) -> bool:
    return bool(await tab.run("location.pathname === '/verify-email' && document.readyState === 'complete'"))


def _with_cause(tab: Tab, result: dict[str, Any]) -> dict[str, Any]:
    """Adds the oldest network error that the browser reported: fetch itself does not tell it."""
    if "status" not in result:
        failures = [each for each in tab.events if each["method"] == "Network.loadingFailed"]
        text = failures[0]["params"]["errorText"] if failures else "unknown"
        if failures:
            tab.events.remove(failures[0])
        result["cause"] = "ECONNREFUSED" if text == REFUSED else text
    return result
