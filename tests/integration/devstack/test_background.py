"""`up` and `down` with the whole system in the background."""

import socket
from pathlib import Path

import pytest

from devstack.demo.client import Client
from devstack.ports import free_port
from tests.integration.devstack.commands import command
from tests.integration.devstack.processes import running


@pytest.mark.timeout(900)
def test_accounts_outlive_down_and_up(tmp_path: Path) -> None:
    given = {"GATEWAY_PORT": str(free_port())}
    address = f"http://127.0.0.1:{given['GATEWAY_PORT']}"
    try:
        said = command("up", tmp_path, given)
        assert f"Tonegate is up: {address}\nmail: {tmp_path / 'mail'}\n" in said
        client = Client(address)
        client.register("ann@example.com", "correct horse battery staple")
        assert command("up", tmp_path, given) == f"Tonegate is already up: {address}\n"

        assert command("down", tmp_path, given) == "Tonegate is down.\n"
        assert running(tmp_path) == []
        assert command("down", tmp_path, given) == "Tonegate was not up.\n"

        assert f"Tonegate is up: {address}\n" in command("up", tmp_path, given)
        client.sign_in()
    finally:
        command("down", tmp_path, given)
    assert running(tmp_path) == []


@pytest.mark.timeout(900)
def test_changed_settings_and_an_external_mail_server_are_reported(tmp_path: Path) -> None:
    given = {"GATEWAY_PORT": str(free_port()), "NOTIFICATION_SMTP_URL": "smtp://127.0.0.1:9"}
    try:
        said = command("up", tmp_path, given)
        assert "Starting PostgreSQL, MongoDB, RabbitMQ and the five processes ...\n" in said
        assert "\nmail: goes to the server in NOTIFICATION_SMTP_URL\n" in said

        said = command("up", tmp_path, {"GATEWAY_PORT": "8766", "AMQP_URL": "amqp://u:confidential@there/"})
        assert f"already up: http://127.0.0.1:{given['GATEWAY_PORT']}\n" in said
        assert said.endswith("Changed settings take effect after `make down`: GATEWAY_PORT, AMQP_URL\n")
        assert (tmp_path / "given.json").stat().st_mode & 0o777 == 0o600
    finally:
        command("down", tmp_path, given)
    assert not (tmp_path / "given.json").exists()
    assert running(tmp_path) == []


def test_a_taken_public_port_is_named_and_nothing_started(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        port = occupant.getsockname()[1]
        assert f"port {port} is taken" in command("up", tmp_path, {"GATEWAY_PORT": str(port)})
    assert running(tmp_path) == []


def test_an_invalid_setting_is_the_only_message_and_nothing_starts(tmp_path: Path) -> None:
    said = command("up", tmp_path, {"GATEWAY_PORT": "abc"})
    assert said == "bad settings\nGATEWAY_PORT: 'abc' is not a port; it needs a number from 1 to 65535\n"
    assert running(tmp_path) == []
