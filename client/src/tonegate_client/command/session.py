"""What most subcommands share: `--server`, `--allow-http` and `--json`, the client, the stored state."""

import asyncio
import functools
import ipaddress
import os
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click
import httpx

from tonegate_client.client import Client
from tonegate_client.command.output import Output
from tonegate_client.retry_policy import RetryPolicy
from tonegate_client.state.credential_file import CredentialFile
from tonegate_client.state.folders import config_folder
from tonegate_client.transport import OnWait

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_SERVER = "http://127.0.0.1:8000"
# A person waits for the error, or for the result.
QUICK = RetryPolicy(attempts=3)


class Session:
    """One run of a subcommand."""

    def __init__(self, server: str | None, *, as_json: bool, allow_http: bool = False) -> None:
        self.credentials = CredentialFile(config_folder() / "credentials.json")
        self.server = server_address(server or self.credentials.current_server() or DEFAULT_SERVER)
        self.output = Output(as_json=as_json)
        self.allow_http = allow_http

    def open_client(self, policy: RetryPolicy = QUICK, on_wait: OnWait | None = None) -> Client:
        """The client of the account that is signed in, or of the key in TONEGATE_API_KEY."""
        key = api_key()
        if key is not None:
            self.require_encryption()
        return self._open(policy, key, on_wait)

    def open_client_without_key(self, *, in_keyring: bool | None = None) -> Client:
        """The client of the stored credentials. `in_keyring` says where new ones are stored."""
        return self._open(QUICK, None, in_keyring=in_keyring)

    def require_encryption(self) -> None:
        """Raises click.UsageError if a secret would cross a network in the clear, unless that is permitted.

        Stored credentials were permitted when they were stored, for the server that they are stored for.
        """
        if is_exposed(self.server) and not self.allow_http:
            raise click.UsageError(
                f"{self.server} is not encrypted: use https, or --allow-http if you trust the network."
            )

    def _open(
        self,
        policy: RetryPolicy,
        key: str | None,
        on_wait: OnWait | None = None,
        *,
        in_keyring: bool | None = None,
    ) -> Client:
        store = self.credentials.of(self.server, in_keyring=in_keyring)
        return Client(self.server, api_key=key, credentials=store, policy=policy, on_wait=on_wait)


def with_session(
    function: Callable[Concatenate[Session, P], Coroutine[Any, Any, T]],
) -> Callable[..., T]:
    """Makes a coroutine function the body of a subcommand with `--server`, `--allow-http`, `--json`."""

    @click.option("--server", metavar="URL", envvar="TONEGATE_SERVER", help="Address of the server.")
    @click.option(
        "--allow-http",
        is_flag=True,
        envvar="TONEGATE_ALLOW_HTTP",
        help="Send passwords and keys over a network without encryption.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
    @functools.wraps(function)
    def command(server: str | None, as_json: bool, allow_http: bool, *args: P.args, **kwargs: P.kwargs) -> T:
        session = Session(server, as_json=as_json, allow_http=allow_http)
        return asyncio.run(function(session, *args, **kwargs))

    return command


def server_address(text: str) -> str:
    """`media.example.org` becomes `https://media.example.org`, `localhost:8000` `http://localhost:8000`.

    Raises click.BadParameter for what is no address.
    """
    text = text.strip()
    if "://" not in text:
        is_local = is_loopback(urlsplit(f"//{text}").hostname or "")
        text = f"{'http' if is_local else 'https'}://{text}"
    try:
        address = httpx.URL(text)
    except httpx.InvalidURL:
        address = httpx.URL()
    is_whole = address.scheme in {"http", "https"} and address.host
    if not is_whole or address.query or address.userinfo or address.fragment:
        raise click.BadParameter(f"{text} is not the address of a server, such as https://media.example.org")
    return text.rstrip("/")


def is_exposed(server: str) -> bool:
    """True if passwords would cross a network in the clear."""
    address = httpx.URL(server)
    return address.scheme == "http" and not is_loopback(address.host)


def is_loopback(host: str) -> bool:
    """True for `localhost` and addresses that no network carries."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def api_key() -> str | None:
    """The key in TONEGATE_API_KEY."""
    return os.environ.get("TONEGATE_API_KEY") or None
