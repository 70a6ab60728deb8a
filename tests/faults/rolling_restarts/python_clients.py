"""Clients with httpx and aiohttp, each with one connection that it keeps."""

import asyncio
from typing import Any

import aiohttp
import httpx

from tests.faults.rolling_restarts.calls import Calls, problem_code
from tests.faults.rolling_restarts.tally import Answer, Tally

TIMEOUT_S = 60.0
KEPT_S = 600.0


async def use_httpx(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    limits = httpx.Limits(max_connections=1, keepalive_expiry=KEPT_S)
    connects: list[str] = []

    async def trace(event: str, _: dict[str, Any]) -> None:
        if event == "connection.connect_tcp.started":
            connects.append(event)

    is_open = False
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=TIMEOUT_S) as http:
        while not await is_over(over, (call := calls.draw()).pause_s):
            connects.clear()
            try:
                answer = await http.request(
                    call.method,
                    call.path,
                    headers=call.headers,
                    content=call.body or None,
                    extensions={"trace": trace},
                )
            except httpx.ConnectError:
                tally.refused += 1
                is_open = False
            except httpx.HTTPError as error:
                tally.lost(call, repr(error))
                is_open = False
            else:
                status, headers = answer.status_code, answer.headers
                code = problem_code(status, answer.content)
                kept = not connects if is_open else None
                tally.answered(call, Answer(status, code, headers.get("retry-after"), kept))
                is_open = headers.get("connection", "").lower() != "close"


async def use_aiohttp(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    connector = aiohttp.TCPConnector(limit=1, keepalive_timeout=KEPT_S)
    timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
    connects: list[object] = []

    async def note(_: aiohttp.ClientSession, __: object, created: object) -> None:
        connects.append(created)

    trace, is_open = aiohttp.TraceConfig(), False
    trace.on_connection_create_start.append(note)
    async with aiohttp.ClientSession(connector=connector, timeout=timeout, trace_configs=[trace]) as http:
        http._retry_connection = False  # else it repeats by itself
        while not await is_over(over, (call := calls.draw()).pause_s):
            connects.clear()
            try:
                async with http.request(
                    call.method, url + call.path, headers=call.headers, data=call.body or None
                ) as answer:
                    content = await answer.read()
            except aiohttp.ClientConnectorError:
                tally.refused += 1
                is_open = False
            except (aiohttp.ClientError, TimeoutError) as error:
                tally.lost(call, repr(error))
                is_open = False
            else:
                code = problem_code(answer.status, content)
                kept = not connects if is_open else None
                tally.answered(call, Answer(answer.status, code, answer.headers.get("Retry-After"), kept))
                is_open = answer.headers.get("Connection", "").lower() != "close"


async def is_over(over: asyncio.Event, pause_s: float) -> bool:
    """Pauses; returns True as soon as the run is over."""
    try:
        async with asyncio.timeout(pause_s):
            return await over.wait()
    except TimeoutError:
        return False
