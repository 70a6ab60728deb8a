"""What most subcommands share: the options `--server` and `--json`, the client, the stored state."""

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine
from typing import Any, Concatenate, ParamSpec, TypeVar
from urllib.parse import urlsplit

import click

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
LOCAL_HOSTS = frozenset({"127.0.0.1", "::1", "localhost"})


class Session:
    """One run of a subcommand."""

    def __init__(self, server: str | None, *, as_json: bool) -> None:
        self.credentials = CredentialFile(config_folder() / "credentials.json")
        self.server = server_address(server or self.credentials.current_server() or DEFAULT_SERVER)
        self.output = Output(as_json=as_json)

    def open_client(self, policy: RetryPolicy = QUICK, on_wait: OnWait | None = None) -> Client:
        """The client of the account that is signed in, or of the key in TONEGATE_API_KEY."""
        key = os.environ.get("TONEGATE_API_KEY") or None
        return self._open(policy, key, on_wait)

    def open_client_without_key(self) -> Client:
        """The client of the stored credentials."""
        return self._open(QUICK, None)

    def _open(self, policy: RetryPolicy, key: str | None, on_wait: OnWait | None = None) -> Client:
        store = self.credentials.of(self.server)
        return Client(self.server, api_key=key, credentials=store, policy=policy, on_wait=on_wait)


def with_session(
    function: Callable[Concatenate[Session, P], Coroutine[Any, Any, T]],
) -> Callable[..., T]:
    """Turns a coroutine function into the body of a subcommand with `--server` and `--json`."""

    @click.option("--server", metavar="URL", envvar="TONEGATE_SERVER", help="Address of the server.")
    @click.option("--json", "as_json", is_flag=True, help="Write JSON, for programs.")
    @functools.wraps(function)
    def command(server: str | None, as_json: bool, *args: P.args, **kwargs: P.kwargs) -> T:
        return asyncio.run(function(Session(server, as_json=as_json), *args, **kwargs))

    return command


def server_address(text: str) -> str:
    """`media.example.org` becomes `https://media.example.org`, `localhost:8000` `http://localhost:8000`.

    Raises click.BadParameter for what is no address.
    """
    text = text.strip().rstrip("/")
    if "://" not in text:
        is_local = (urlsplit(f"//{text}").hostname or "") in LOCAL_HOSTS
        text = f"{'http' if is_local else 'https'}://{text}"
    address = urlsplit(text)
    if address.scheme not in {"http", "https"} or not address.hostname or address.query or address.username:
        raise click.BadParameter(f"{text} is not the address of a server, such as https://media.example.org")
    return text


def is_exposed(server: str) -> bool:
    """True if passwords would cross a network in the clear."""
    address = urlsplit(server)
    return address.scheme == "http" and address.hostname not in LOCAL_HOSTS
