"""Clients with httpx and aiohttp, each with one connection that it keeps."""

import asyncio

import aiohttp
import httpx

from tests.faults.rolling_restarts.calls import Calls, problem_code
from tests.faults.rolling_restarts.tally import Tally

TIMEOUT_S = 60.0
KEPT_S = 600.0


async def use_httpx(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    limits = httpx.Limits(max_connections=1, keepalive_expiry=KEPT_S)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=TIMEOUT_S) as http:
        while not await is_over(over, (call := calls.draw()).pause_s):
            try:
                answer = await http.request(
                    call.method, call.path, headers=call.headers, content=call.body or None
                )
            except httpx.ConnectError:
                tally.refused += 1
            except httpx.HTTPError as error:
                tally.lost(call.name, repr(error), call.pause_s)
            else:
                status = answer.status_code
                code = problem_code(status, answer.content)
                tally.answered(call.name, status, code, answer.headers.get("retry-after"))


async def use_aiohttp(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=KEPT_S)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout) as http:
        while not await is_over(over, (call := calls.draw()).pause_s):
            try:
                async with http.request(
                    call.method, url + call.path, headers=call.headers, data=call.body or None
                ) as answer:
                    content = await answer.read()
            except aiohttp.ClientConnectorError:
                tally.refused += 1
            except (aiohttp.ClientError, TimeoutError) as error:
                tally.lost(call.name, repr(error), call.pause_s)
            else:
                code = problem_code(answer.status, content)
                tally.answered(call.name, answer.status, code, answer.headers.get("Retry-After"))


async def is_over(over: asyncio.Event, pause_s: float) -> bool:
    """Pauses; returns True as soon as the run is over."""
    try:
        async with asyncio.timeout(pause_s):
            return await over.wait()
    except TimeoutError:
        return False
