"""`tonegate doctor`: checks of what lies between this computer and the server."""

import os
import shutil
import stat
import time
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime

import click
import httpx
import msgspec

from tonegate_client.client import Client
from tonegate_client.command.errors import describe
from tonegate_client.command.exit_codes import ExitCode
from tonegate_client.command.session import Session, api_key, is_exposed, with_session
from tonegate_client.command.text import plain, size_text
from tonegate_client.credentials import KeyCredentials
from tonegate_client.problems import TonegateError
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.state.folders import state_folder
from tonegate_client.state.jobs import JobStore

LEAST_FREE_BYTES = 1024**3
MOST_SKEW_S = 60.0
TIMEOUT_S = 15.0


class Finding(msgspec.Struct, frozen=True):
    """The result of a check. `advice` is empty when nothing is wrong."""

    check: str
    state: str
    advice: str = ""
    exit_code: int = ExitCode.DONE


class Wrong(Exception):
    """A check failed: what is wrong, and what to do."""

    def __init__(self, state: str, advice: str, exit_code: ExitCode = ExitCode.FAILED) -> None:
        super().__init__(state)
        self.finding = (state, advice, exit_code)


@click.command()
@with_session
async def doctor(session: Session) -> int:
    """Find out what is wrong between here and the server."""
    findings = [
        await _check("state folder", _state),
        await _check("credentials", lambda: _credentials(session)),
    ]
    findings.append(await _check("server", lambda: _server(session.server)))
    if not findings[-1].exit_code and api_key() is not None and is_exposed(session.server):
        findings.append(await _check("encryption", lambda: _encryption(session)))
    if not findings[-1].exit_code:
        async with session.open_client(RetryPolicy(attempts=1)) as client:
            findings += [
                await _check("services", lambda: _services(client)),
                await _check("uploads", lambda: _uploads(client)),
                await _check("account", lambda: _account(client)),
            ]
    lines = [f"{'ok   ' if not each.exit_code else 'WRONG'}  {_line(each)}" for each in findings]
    session.output.result(findings, *lines)
    return max((each.exit_code for each in findings), default=ExitCode.DONE)


def _line(finding: Finding) -> str:
    return plain(f"{finding.check}: {finding.state} {finding.advice}".strip())


async def _check(name: str, check: Callable[[], Awaitable[str]]) -> Finding:
    try:
        return Finding(name, await check())
    except Wrong as wrong:
        return Finding(name, *wrong.finding)
    except (TonegateError, OSError, ValueError) as error:
        line = describe(error)
        return Finding(name, line.message, line.hint, line.exit_code)


async def _state() -> str:
    folder = state_folder()
    JobStore(folder / "jobs.sqlite3").close()
    free = shutil.disk_usage(folder).free
    if free < LEAST_FREE_BYTES:
        raise Wrong(f"only {size_text(free)} are free at {folder}.", "Free some space.")
    return f"{folder}, {size_text(free)} free"


async def _credentials(session: Session) -> str:
    path = session.credentials.path
    if not path.exists():
        return "none are stored"
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        raise Wrong(f"others can read {path}.", f"Run: chmod 600 {path}")
    content = session.credentials.read()
    count = len(content.servers)
    session.credentials.of(session.server).load()  # says what is wrong with the keyring
    inside = f"; {len(content.in_keyring)} in the keyring" if content.in_keyring else ""
    return f"{path}, for {count} {'server' if count == 1 else 'servers'}{inside}"


async def _server(server: str) -> str:
    """Reaches the server, and compares the clocks."""
    try:
        async with httpx.AsyncClient(base_url=server, timeout=TIMEOUT_S) as http:
            started_s = time.monotonic()
            response = await http.get("healthz")
            took_s = time.monotonic() - started_s
    except httpx.TransportError as error:
        text = str(error) or type(error).__name__
        advice = "Check the address, the network, and any proxy or firewall."
        raise Wrong(f"{server} cannot be reached: {text}.", advice, ExitCode.SERVER_AWAY) from error
    if not response.is_success:
        advice = "Check the address, and that the server runs."
        raise Wrong(f"{server} answers {response.status_code}.", advice, ExitCode.SERVER_AWAY)
    if "date" in response.headers:
        skew_s = time.time() - parsedate_to_datetime(response.headers["date"]).timestamp()
        if abs(skew_s) > MOST_SKEW_S:
            raise Wrong(f"the clocks differ by {skew_s:.0f} s.", "Set this computer's clock.")
    exposed = "; not encrypted" if is_exposed(server) else ""
    return f"{server} answers in {1000 * took_s:.0f} ms{exposed}"


async def _encryption(session: Session) -> str:
    """Of a server whose connections are not encrypted."""
    if not session.allow_http:
        advice = "Use https, or --allow-http if you trust the network."
        raise Wrong("there is none, so TONEGATE_API_KEY is not sent.", advice, ExitCode.USAGE)
    return "none; TONEGATE_API_KEY is sent, as --allow-http says"


async def _services(client: Client) -> str:
    ready = await client.ready()
    away = [f"{name} ({state})" for name, state in ready.checks.items() if state != "ok"]
    if away:
        advice = "The operator of the server can help."
        raise Wrong(f"not ready: {', '.join(away)}.", advice, ExitCode.SERVER_AWAY)
    return f"{len(ready.checks)} are ready" if ready.checks else ready.status


async def _uploads(client: Client) -> str:
    return f"videos of up to {size_text(await client.uploads.max_bytes())}"


async def _account(client: Client) -> str:
    if isinstance(client.store.load(), KeyCredentials):
        await client.conversions.page(limit=1)
        return "the API key is accepted"
    account = await client.accounts.me()
    if not account.email_verified:
        return f"{account.email}; its address is not verified, which limits result mails"
    return account.email
