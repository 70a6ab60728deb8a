"""Client with the fetch of Node.js."""

import asyncio
import json
from pathlib import Path
from typing import Any

from devstack.node import NODE
from tests.faults.rolling_restarts.calls import Call, Calls, problem_code
from tests.faults.rolling_restarts.python_clients import is_over
from tests.faults.rolling_restarts.tally import Answer, Tally

FOLDER = Path(__file__).parent
FETCH_CALLS = (FOLDER / "fetch_calls.js").read_text()


async def use_node(url: str, calls: Calls, tally: Tally, over: asyncio.Event) -> None:
    script = FETCH_CALLS + (FOLDER / "node_client.js").read_text()
    node = await asyncio.create_subprocess_exec(
        NODE, "-e", script, url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert node.stdin is not None
    assert node.stdout is not None
    try:
        while not await is_over(over, (call := calls.draw()).pause_s):
            node.stdin.write(encoded(call, pause_s=0.0).encode() + b"\n")
            if not (line := await node.stdout.readline()):
                tally.wrong.append("Node.js ended")
                return
            count(call, json.loads(line), tally)
    finally:
        if node.returncode is None:
            node.kill()
        await node.wait()


def encoded(call: Call, pause_s: float) -> str:
    body = {"name": call.name, "path": call.path, "method": call.method, "body": call.body}
    return json.dumps({**body, "headers": dict(call.headers), "pause_s": pause_s})


def count(call: Call, result: dict[str, Any], tally: Tally) -> None:
    if "status" in result:
        status = result["status"]
        code = problem_code(status, result["text"])
        tally.answered(call, Answer(status, code, result["retryAfter"], result.get("kept")))
    elif "ECONNREFUSED" in result["cause"]:
        tally.refused += 1
    else:
        tally.lost(call, f"{result['error']} {result['cause']}")
