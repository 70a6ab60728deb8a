"""`check-config` of each process, with the settings that `make up` gives it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from devstack.stack import Stack

COMMANDS = {
    "gateway": ("gateway",),
    "auth": ("auth_service",),
    "converter": ("converter_service", "api"),
    "worker": ("converter_service", "worker"),
    "notification": ("notification_service",),
}
ANY = {"PATH": os.environ["PATH"]}


def run(name: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *COMMANDS[name], "check-config"]
    return subprocess.run(command, env={**ANY, **environment}, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("name", COMMANDS)
def test_each_process_finds_the_settings_of_make_up_valid_and_an_url_of_another_server_not(
    name: str, tmp_path: Path
) -> None:
    environment = Stack(tmp_path).service(name).environment()
    good = run(name, environment)
    assert (good.returncode, good.stderr) == (0, "")
    assert good.stdout.endswith("the settings are valid\n")
    bad = run(name, {**environment, "AMQP_URL": "http://localhost"})
    assert bad.returncode == 78
    assert "AMQP_URL: it is no URL such as amqp://" in bad.stderr
