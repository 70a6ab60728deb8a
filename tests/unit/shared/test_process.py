"""Exit codes and messages of a service process with invalid settings or a failing main."""

import subprocess
import sys

PROGRAM = """
import asyncio
from typing import Annotated
import msgspec
from shared.process import run
from shared.settings import Env, SettingsError

class Settings(msgspec.Struct, frozen=True):
    port: Annotated[int, Env("EXAMPLE_PORT")]

async def main(settings: Settings, stop: asyncio.Event) -> None:
    if settings.port == 1:
        raise SettingsError("EXAMPLE_PORT: the first port is taken")
    if settings.port == 2:
        raise RuntimeError("hunter2")

run("example", Settings, main)
"""


def _run(**environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_missing_setting_ends_with_the_code_for_bad_configuration() -> None:
    done = _run()
    assert done.returncode == 78
    assert "EXAMPLE_PORT is not set" in done.stderr


def test_a_setting_found_invalid_later_ends_with_the_same_code() -> None:
    done = _run(EXAMPLE_PORT="1")
    assert done.returncode == 78
    assert "the first port is taken" in done.stderr


def test_a_crash_is_logged_and_ends_with_one() -> None:
    done = _run(EXAMPLE_PORT="2")
    assert done.returncode == 1
    assert '"event": "stopped by an error"' in done.stdout


def test_a_finished_service_ends_with_zero() -> None:
    assert _run(EXAMPLE_PORT="3").returncode == 0
