"""Fixtures of the command's tests."""

import functools
from pathlib import Path

import httpx
import pytest

from tests.unit.client.api import answer
from tests.unit.client.server import AT_ONCE, URL, StubServer
from tonegate_client.client import Client
from tonegate_client.command import session as session_module


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's own folders, and no variables of the person who runs the tests."""
    for name in ("TONEGATE_API_KEY", "TONEGATE_SERVER", "TONEGATE_ALLOW_HTTP"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TONEGATE_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("TONEGATE_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def server(folders: None, monkeypatch: pytest.MonkeyPatch) -> StubServer:
    """The server that the command calls, with a key."""
    stub = StubServer(answer)
    transport = httpx.MockTransport(stub.answer)
    made = functools.partial(Client, http_transport=transport)
    monkeypatch.setattr(
        session_module, "Client", lambda *given, **more: made(*given, **{**more, "policy": AT_ONCE})
    )
    monkeypatch.setenv("TONEGATE_API_KEY", "tgk_1")
    monkeypatch.setenv("TONEGATE_SERVER", URL)
    return stub
