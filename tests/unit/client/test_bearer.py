"""Tokens are refreshed by themselves: once at a time, also by several processes."""

import asyncio
import json
import time
from pathlib import Path

import httpx
import pytest

from tests.unit.client.server import StubServer, conversion, problem
from tonegate_client.credentials import MemoryCredentials, SessionTokens
from tonegate_client.problems import NotSignedIn, Problem, SecondFactorRequired
from tonegate_client.state.credential_file import CredentialFile


class Sessions(StubServer):
    """Knows one valid pair of tokens. A spent refresh token ends the session."""

    def __init__(self) -> None:
        super().__init__(self._script)
        self.number = 1
        self.is_over = False
        self.arrived, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def _script(self, request: httpx.Request) -> httpx.Response:
        answer = self._answer(request)
        self.arrived.set()
        await asyncio.sleep(0)  # lets other tasks send the same token
        await self.go_on.wait()
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/v1/auth/refresh":
            sent = json.loads(request.content)["refresh_token"]
            self.is_over = self.is_over or sent != f"r{self.number}"
            if self.is_over:
                return problem(401, "unauthenticated")
            self.number += 1
            return httpx.Response(200, json=pair(self.number))
        if request.headers["authorization"] != f"Bearer a{self.number}":
            return problem(401, "unauthenticated")
        return httpx.Response(200, json=conversion())


def pair(number: int) -> dict[str, object]:
    return {
        "access_token": f"a{number}",
        "refresh_token": f"r{number}",
        "token_type": "Bearer",
        "expires_in": 900,
    }


def tokens(number: int, valid_s: float = 900.0, *, refused: bool = False) -> SessionTokens:
    return SessionTokens(
        account="me@example.org",
        access_token="other" if refused else f"a{number}",
        refresh_token=f"r{number}",
        expires_at_s=time.time() + valid_s,
    )


@pytest.mark.parametrize("old", [tokens(1, valid_s=1.0), tokens(1, refused=True)], ids=["old", "refused"])
async def test_many_calls_refresh_a_token_once(old: SessionTokens) -> None:
    server, store = Sessions(), MemoryCredentials(old)
    async with server.client(store) as client:
        await asyncio.gather(*(client.conversions.get("c1") for _ in range(20)))
    stored = store.load()
    assert isinstance(stored, SessionTokens)
    assert (server.number, stored.refresh_token, server.is_over) == (2, "r2", False)


async def test_processes_that_share_a_file_refresh_once(tmp_path: Path) -> None:
    server, file = Sessions(), CredentialFile(tmp_path / "credentials.json")
    file.of("s").save(tokens(1, valid_s=1.0))
    # Separate files of one path stand for separate processes: each has a descriptor of its own.
    clients = [server.client(CredentialFile(file.path).of("s")) for _ in range(5)]
    await asyncio.gather(*(client.conversions.get("c1") for client in clients))
    await asyncio.gather(*(client.aclose() for client in clients))
    assert (server.number, server.is_over) == (2, False)


async def test_a_call_that_is_cancelled_during_the_refresh_loses_no_token() -> None:
    server, store = Sessions(), MemoryCredentials(tokens(1, valid_s=1.0))
    server.go_on.clear()
    async with server.client(store) as client:
        call = asyncio.create_task(client.conversions.get("c1"))
        await server.arrived.wait()
        call.cancel()
        server.go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await client.conversions.get("c1")).id == "c1"
    assert (server.number, server.is_over) == (2, False)


async def test_a_session_that_has_ended_needs_a_new_sign_in() -> None:
    server = Sessions()
    server.is_over, server.number = True, 5
    async with server.client(MemoryCredentials(tokens(1))) as client:
        with pytest.raises(NotSignedIn, match="The session has ended"):
            await client.conversions.get("c1")


async def test_a_refused_api_key_is_not_refreshed() -> None:
    server = StubServer(lambda _: problem(401, "unauthenticated"))
    async with server.client() as client:
        with pytest.raises(NotSignedIn, match="API key"):
            await client.conversions.get("c1")
    assert server.paths() == ["GET /v1/conversions/c1"]


async def test_without_credentials_nothing_is_sent() -> None:
    server = StubServer()
    async with server.client(MemoryCredentials()) as client:
        with pytest.raises(NotSignedIn):
            await client.conversions.get("c1")
    assert server.seen == []


async def test_a_second_factor_is_asked_for_by_an_exception() -> None:
    answer = problem(401, "second_factor_required", factor_token="f1", factors=["totp"])
    server = StubServer(lambda _: answer)
    async with server.client(MemoryCredentials()) as client:
        with pytest.raises(SecondFactorRequired) as caught:
            await client.accounts.sign_in("me@example.org", "secret")
    assert (caught.value.factor_token, caught.value.factors) == ("f1", ("totp",))


def test_only_the_owner_can_read_the_stored_credentials(tmp_path: Path) -> None:
    file = CredentialFile(tmp_path / "credentials.json")
    file.of("https://one.example").save(tokens(1))
    file.of("https://two.example").save(tokens(2))
    file.of("https://one.example").clear()
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert list(file.read().servers) == ["https://two.example"]


def test_damaged_credentials_are_named(tmp_path: Path) -> None:
    file = CredentialFile(tmp_path / "credentials.json")
    file.path.write_text("{")
    with pytest.raises(ValueError, match="damaged; remove it"):
        file.of("s").load()


async def test_a_call_that_is_refused_with_every_token_ends() -> None:
    numbers = iter(range(2, 100))

    def script(request: httpx.Request) -> httpx.Response:
        is_refresh = request.url.path.endswith("/refresh")
        return (
            httpx.Response(200, json=pair(next(numbers))) if is_refresh else problem(401, "unauthenticated")
        )

    store = MemoryCredentials()
    store.save(tokens(1))
    async with StubServer(script).client(store) as client:
        with pytest.raises(Problem):
            await client.conversions.get("c1")
    assert next(numbers) == 3


async def test_a_key_that_the_server_refuses_leaves_the_session() -> None:
    store, kept = MemoryCredentials(), tokens(1)
    store.save(kept)
    server = StubServer(lambda _: problem(401, "unauthenticated"))
    async with server.client(store) as client:
        with pytest.raises(Problem):
            await client.accounts.use_key("tgk_wrong")
    assert store.load() == kept
    assert server.seen[0].headers["authorization"] == "Bearer tgk_wrong"
