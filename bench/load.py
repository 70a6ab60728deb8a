"""Load generator wrk: maximum requests per second over persistent connections, and response times."""

import re
import shutil
import subprocess
from collections.abc import Mapping

import msgspec

CONNECTIONS = 32
UNITS_MS: Mapping[str, float] = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}
RATE = re.compile(r"Requests/sec:\s+([\d.]+)")
QUANTILE = re.compile(r"^\s+(50|99)%\s+([\d.]+)(us|ms|s|m)\s*$", re.MULTILINE)
FAULT = re.compile(r"Non-2xx or 3xx responses: \d+|Socket errors: .*")


class Load(msgspec.Struct, frozen=True):
    """Requests per second, and quantiles of the response time in milliseconds."""

    rate: float
    p50_ms: float
    p99_ms: float


class Missing(RuntimeError):
    """A requirement of a benchmark that this machine lacks."""


def check_wrk() -> None:
    """Raises Missing if wrk is not installed."""
    if shutil.which("wrk") is None:
        raise Missing("wrk is missing: `apt-get install wrk`")


def load(url: str, token: str, seconds: int) -> Load:
    """Runs wrk; raises RuntimeError if any response is not successful."""
    command = ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s"]
    command += ["--latency", "--timeout", "10s", "--header", f"Authorization: Bearer {token}", url]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    rate = RATE.search(output)
    if rate is None or (fault := FAULT.search(output)):
        raise RuntimeError(f"{url}: {fault[0] if rate and fault else output}")
    quantiles = {name: float(value) * UNITS_MS[unit] for name, value, unit in QUANTILE.findall(output)}
    return Load(float(rate[1]), quantiles["50"], quantiles["99"])
