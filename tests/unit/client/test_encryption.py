"""Passwords and keys cross a network in the clear only if one says so."""

from pathlib import Path

import httpx
import pytest

from tests.unit.client.api import answer
from tests.unit.client.server import StubServer
from tonegate_client.accounts import key_credentials
from tonegate_client.command.app import run
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.session import is_exposed, server_address
from tonegate_client.state.credential_file import CredentialFile

EXPOSED = "http://media.example.org"


@pytest.mark.parametrize("arguments", [["list"], ["whoami"], ["admin", "users"], ["login", "--api-key"]])
def test_no_secret_is_sent_to_another_host_without_encryption(
    server: StubServer, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert run([*arguments, "--server", EXPOSED]) == ExitCode.USAGE
    assert server.seen == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(
        f"{EXPOSED} is not encrypted: use https, or --allow-http if you trust the network. See: tonegate "
    )


@pytest.mark.parametrize("address", [EXPOSED, "http://127.0.0.1:8000", "http://[::1]:8000"])
def test_a_secret_is_sent_where_that_is_permitted_or_no_network_is_crossed(
    server: StubServer, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    if address == EXPOSED:
        monkeypatch.setenv("TONEGATE_ALLOW_HTTP", "1")
    assert run(["list", "--server", address]) == ExitCode.DONE
    assert [each.headers["authorization"] for each in server.seen] == ["Bearer tgk_1"]


def test_credentials_that_were_stored_for_an_address_are_sent_to_it(
    server: StubServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TONEGATE_API_KEY")
    (tmp_path / "config").mkdir()
    CredentialFile(tmp_path / "config/credentials.json").of(EXPOSED).save(key_credentials("tgk_2"))
    assert run(["list", "--server", EXPOSED]) == ExitCode.DONE
    assert run(["list", "--server", "http://other.example.org"]) == ExitCode.NOT_SIGNED_IN
    assert [(each.url.host, each.headers["authorization"]) for each in server.seen] == [
        ("media.example.org", "Bearer tgk_2")
    ]


def test_no_redirect_takes_a_secret_elsewhere(server: StubServer) -> None:
    def script(request: httpx.Request) -> httpx.Response:
        elsewhere = httpx.Response(302, headers={"Location": f"{EXPOSED}/v1/conversions"})
        return elsewhere if request.url.scheme == "https" else answer(request)

    server.script = script
    assert run(["list"]) == ExitCode.FAILED
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("address", "exposed"),
    [
        ("http://127.0.0.1", False),
        ("http://127.8.8.8:80", False),
        ("http://[::1]", False),
        ("HTTP://LOCALHOST:8000", False),
        ("https://media.example.org", False),
        ("http://localhost.example.org", True),
        ("http://127.0.0.1.example.org", True),
        ("http://10.0.0.1", True),
        ("http://0.0.0.0", True),
        ("HTTP://media.example.org", True),
    ],
)
def test_loopback_is_told_from_networks(address: str, exposed: bool) -> None:
    assert is_exposed(server_address(address)) is exposed


@pytest.mark.parametrize(
    "text", ["", "http://", "http://a@b", "http://127.0.0.1#@b", "http://a?b", "http://a b:x", "file:///a"]
)
def test_what_is_no_address_is_refused(text: str, folders: None) -> None:
    assert run(["list", "--server", text or " "]) == ExitCode.USAGE
