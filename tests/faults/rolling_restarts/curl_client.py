"""Client with curl: a process sends a few requests over one connection, with equal pauses between them."""

import asyncio
import json
from dataclasses import replace

from tests.faults.rolling_restarts.calls import Call, Calls, problem_code
from tests.faults.rolling_restarts.python_clients import is_over
from tests.faults.rolling_restarts.tally import Answer, Tally

MARK = "@@@"
HEADERS = "[%header{retry-after}] [%header{connection}]"
RESULT = f"\\n{MARK}%{{http_code}} %{{exitcode}} %{{num_connects}} {HEADERS}\\n"
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
            "curl", "--rate", f"{max(1, round(3600 / pause_s))}/h", "--config", "-", "--verbose",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        is_done = False
        watching = asyncio.create_task(_note_repetitions(curl, tally))
        try:
            is_done = await _record(curl, batch, url, tally, over)
        finally:
            if not is_done:
                curl.kill()
            await curl.wait()
            await watching


async def _note_repetitions(curl: asyncio.subprocess.Process, tally: Tally) -> None:
    """curl repeats a request whose kept connection ended without an answer, and cannot be told not to."""
    assert curl.stderr is not None
    method, path = "", ""
    while line := await curl.stderr.readline():
        if (sent := line.decode(errors="replace")).startswith("> ") and sent.rstrip().endswith(" HTTP/1.1"):
            method, path, _ = sent[2:].split()
        elif "retrying a fresh connect" in sent:
            tally.sent_again(method, path)


async def _record(
    curl: asyncio.subprocess.Process, batch: list[Call], url: str, tally: Tally, over: asyncio.Event
) -> bool:
    """Counts the results as they arrive; returns False if the run is over before."""
    assert curl.stdin is not None
    assert curl.stdout is not None
    curl.stdin.write("next\n".join(_config(call, url) for call in batch).encode())
    curl.stdin.close()
    ended = asyncio.create_task(over.wait())
    body, is_open = b"", False
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
        is_open = _count(call, line.decode().removeprefix(MARK), body, tally, was_open=is_open)
        body = b""
    ended.cancel()
    return True


def _count(call: Call, result: str, body: bytes, tally: Tally, *, was_open: bool) -> bool:
    """Returns True if the connection stays open."""
    status, exit_code, connects, retry_after, connection = (each.strip("[]") for each in result.split())
    if exit_code == REFUSED:
        tally.refused += 1
    elif exit_code != "0":
        tally.lost(call, f"curl {exit_code}")
    else:
        code = problem_code(int(status), body)
        kept = connects == "0" if was_open else None
        tally.answered(call, Answer(int(status), code, retry_after or None, kept))
    return exit_code == "0" and connection.lower() != "close"


def _config(call: Call, url: str) -> str:
    lines = [f"url = {json.dumps(url + call.path)}", f"request = {call.method}", "silent", "max-time = 60"]
    lines += [f"header = {json.dumps(f'{name}: {value}')}" for name, value in call.headers.items()]
    if call.body:
        lines.append(f"data-raw = {json.dumps(call.body)}")
    lines.append(f'write-out = "{RESULT}"')
    return "\n".join([*lines, ""])
