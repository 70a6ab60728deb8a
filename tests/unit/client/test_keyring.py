"""Credentials in the system's keyring: no secret in the file, and one line where there is no keyring."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.unit.client.server import URL, StubServer, problem
from tonegate_client.command.app import run
from tonegate_client.command.exit_codes import ExitCode

keyring = pytest.importorskip("keyring")
backend = pytest.importorskip("keyring.backend")
errors = pytest.importorskip("keyring.errors")

PAIR = {"access_token": "access", "refresh_token": "tgr_refresh", "expires_in": 900, "token_type": "Bearer"}
ACCOUNT = {
    "id": "u1",
    "email": "ada@example.com",
    "email_verified": True,
    "roles": ["user"],
    "created_at": "2026-11-20T10:00:00Z",
}
SIGN_IN = ["login", "--email", "ada@example.com", "--password-stdin"]


class MemoryKeyring(backend.KeyringBackend):  # type: ignore[misc, name-defined]
    """Keeps secrets in this object, unless it is locked."""

    priority = 1

    def __init__(self) -> None:
        super().__init__()
        self.secrets = dict[tuple[str, str], str]()
        self.is_locked = False

    def _found(self) -> dict[tuple[str, str], str]:
        if self.is_locked:
            raise errors.KeyringLocked("Failed to unlock the collection!")
        return self.secrets

    def get_password(self, service: str, username: str) -> str | None:
        return self._found().get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._found()[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self._found()[service, username]


@pytest.fixture
def vault() -> Iterator[MemoryKeyring]:
    earlier, vault = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(vault)
    yield vault
    keyring.set_keyring(earlier)


@pytest.fixture
def signing_in(server: StubServer, monkeypatch: pytest.MonkeyPatch) -> StubServer:
    """The server, with an account whose tokens change at each refresh."""
    monkeypatch.delenv("TONEGATE_API_KEY")
    server.script = _answer
    return server


def _answer(request: httpx.Request) -> httpx.Response:
    match request.url.path:
        case "/v1/auth/login":
            return httpx.Response(200, json=PAIR)
        case "/v1/auth/refresh":
            assert json.loads(request.content)["refresh_token"] == "tgr_refresh"
            return httpx.Response(200, json={**PAIR, "refresh_token": "tgr_second"})
        case "/v1/auth/me":
            return httpx.Response(200, json=ACCOUNT)
        case "/v1/conversions":
            return httpx.Response(200, json={"items": []})
        case "/v1/auth/logout":
            return httpx.Response(204)
    return problem(404, "not_found")


def sign_in(monkeypatch: pytest.MonkeyPatch, *more: str, line: str = "secret password") -> int:
    monkeypatch.setattr(sys, "stdin", Lines(line))
    return run([*(SIGN_IN if "--api-key" not in more else ["login"]), *more])


class Lines:
    """Standard input of one line."""

    def __init__(self, line: str) -> None:
        self._line = line

    def isatty(self) -> bool:
        return False

    def readline(self) -> str:
        return f"{self._line}\n"


def stored(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "config/credentials.json").read_bytes())


def test_the_refresh_token_is_in_the_keyring_only(
    signing_in: StubServer, vault: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert sign_in(monkeypatch, "--keyring") == ExitCode.DONE
    assert vault.secrets == {("tonegate", URL): "tgr_refresh"}
    assert "tgr_refresh" not in json.dumps(stored(tmp_path))
    assert run(["whoami"]) == ExitCode.DONE

    expired = stored(tmp_path)
    expired["servers"][URL]["expires_at_s"] = 0
    (tmp_path / "config/credentials.json").write_text(json.dumps(expired))
    assert run(["whoami"]) == ExitCode.DONE
    assert vault.secrets == {("tonegate", URL): "tgr_second"}
    assert "tgr_second" not in json.dumps(stored(tmp_path))

    assert run(["logout"]) == ExitCode.DONE
    assert (vault.secrets, stored(tmp_path)["servers"]) == ({}, {})


def test_an_api_key_is_in_the_keyring_and_can_be_moved_to_the_file(
    signing_in: StubServer, vault: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert sign_in(monkeypatch, "--api-key", "--keyring", line="tgk_secret") == ExitCode.DONE
    assert vault.secrets == {("tonegate", URL): "tgk_secret"}
    assert "tgk_secret" not in json.dumps(stored(tmp_path))
    assert run(["list"]) == ExitCode.DONE
    assert signing_in.seen[-1].headers["authorization"] == "Bearer tgk_secret"
    assert sign_in(monkeypatch, "--api-key", "--no-keyring", line="tgk_secret") == ExitCode.DONE
    assert (vault.secrets, stored(tmp_path)["servers"][URL]["key"]) == ({}, "tgk_secret")


def test_a_later_sign_in_uses_the_same_place(
    signing_in: StubServer, vault: MemoryKeyring, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert sign_in(monkeypatch, "--keyring") == sign_in(monkeypatch) == ExitCode.DONE
    assert (list(vault.secrets), stored(tmp_path)["in_keyring"]) == ([("tonegate", URL)], [URL])


def test_a_locked_keyring_is_one_line_that_says_what_to_do(
    signing_in: StubServer,
    vault: MemoryKeyring,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sign_in(monkeypatch, "--keyring")
    vault.is_locked = True
    capsys.readouterr()
    assert run(["list"]) == ExitCode.FAILED
    assert capsys.readouterr().err == (
        "The keyring cannot be used: Failed to unlock the collection."
        " Unlock it, or keep the secret in a file: tonegate login --no-keyring\n"
    )
    run(["doctor"])
    assert "WRONG  credentials: The keyring cannot be used: " in capsys.readouterr().out
    assert sign_in(monkeypatch, "--no-keyring") == run(["list"]) == ExitCode.DONE


def test_without_a_keyring_no_password_is_asked_for(
    signing_in: StubServer, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert sign_in(monkeypatch, "--keyring") == ExitCode.FAILED
    assert capsys.readouterr().err.startswith("The package keyring is not installed: uv tool install ")
    assert signing_in.seen == []
