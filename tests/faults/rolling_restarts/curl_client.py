"""Client with curl: a process sends a few requests over one connection, with equal pauses between them."""

import asyncio
import json
from dataclasses import replace

from tests.faults.rolling_restarts.calls import Call, Calls, problem_code
from tests.faults.rolling_restarts.python_clients import is_over
from tests.faults.rolling_restarts.tally import Tally

MARK = "@@@"
RESULT = f"\\n{MARK}%{{http_code}} %{{exitcode}} %header{{retry-after}}\\n"
REFUSED = "7"
# A process takes about as long as this, if the pauses allow it.
BATCH_S = 60.0
MAX_REQUESTS = 30


async def use_curl(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    while not await is_over(over, 0.05):
        pause_s = max(calls.pause(), 0.05)
        count = min(MAX_REQUESTS, 2 + int(BATCH_S / pause_s))
        batch = [replace(calls.draw(), pause_s=pause_s) for _ in range(count)]
        curl = await asyncio.create_subprocess_exec(
            "curl", "--rate", f"{max(1, round(3600 / pause_s))}/h", "--config", "-",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        is_done = False
        try:
            is_done = await _record(curl, batch, url, tally, over)
        finally:
            if not is_done:
                curl.kill()
            await curl.wait()


async def _record(
    curl: asyncio.subprocess.Process, batch: list[Call], url: str, tally: Tally, over: asyncio.Event
) -> bool:
    """Counts the results as they arrive; returns False if the run is over before."""
    assert curl.stdin is not None
    assert curl.stdout is not None
    curl.stdin.write("next\n".join(_config(call, url) for call in batch).encode())
    curl.stdin.close()
    ended = asyncio.create_task(over.wait())
    body = b""
    for call in batch:
        while True:
            reading = asyncio.create_task(curl.stdout.readline())
            await asyncio.wait({reading, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not reading.done():
                reading.cancel()
                return False
            line = reading.result()
            if not line or line.startswith(MARK.encode()):
                break
            body = line if line.strip() else body
        if not line:
            tally.wrong.append(f"curl ended before {call.name}")
            break
        _count(call, line.decode().removeprefix(MARK), body, tally)
        body = b""
    ended.cancel()
    return True


def _count(call: Call, result: str, body: bytes, tally: Tally) -> None:
    status, exit_code, *retry_after = result.split()
    if exit_code == REFUSED:
        tally.refused += 1
    elif exit_code != "0":
        tally.lost(call.name, f"curl {exit_code}", call.pause_s)
    else:
        code = problem_code(int(status), body)
        tally.answered(call.name, int(status), code, retry_after[0] if retry_after else None)


def _config(call: Call, url: str) -> str:
    lines = [f"url = {json.dumps(url + call.path)}", f"request = {call.method}", "silent", "max-time = 60"]
    lines += [f"header = {json.dumps(f'{name}: {value}')}" for name, value in call.headers.items()]
    if call.body:
        lines.append(f"data-raw = {json.dumps(call.body)}")
    lines.append(f'write-out = "{RESULT}"')
    return "\n".join([*lines, ""])
