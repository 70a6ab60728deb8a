"""`up` and `down`: the whole system, five real services, in the background."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from devstack.demo.client import Client
from devstack.home import REPOSITORY
from devstack.ports import free_port
from tests.integration.devstack.processes import running

COMMAND = """
import sys
from pathlib import Path
from devstack.background import Background
from devstack.errors import StackError
try:
    getattr(Background(Path(sys.argv[1]), {"GATEWAY_PORT": sys.argv[2]}), sys.argv[3])()
except StackError as error:
    sys.exit(str(error))
"""


def command(verb: str, state: Path, port: int) -> str:
    """What it prints, whether it succeeds or not; it runs in a process of its own, which ends."""
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, str(state), str(port), verb],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.timeout(300)
def test_accounts_outlive_down_and_up(tmp_path: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    try:
        assert f"Tonegate is up: {address}\n" in command("up", tmp_path, port)
        client = Client(address)
        client.register("ann@example.com", "correct horse battery staple")
        assert command("up", tmp_path, port) == f"Tonegate is already up: {address}\n"

        assert command("down", tmp_path, port) == "Tonegate is down.\n"
        assert running(tmp_path) == []
        assert command("down", tmp_path, port) == "Tonegate was not up.\n"

        assert f"Tonegate is up: {address}\n" in command("up", tmp_path, port)
        client.sign_in()
    finally:
        command("down", tmp_path, port)
    assert running(tmp_path) == []


def test_a_taken_public_port_is_named_and_nothing_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        assert f"port {port} is taken" in command("up", tmp_path, port)
    assert running(tmp_path) == []
