"""Credentials of all servers in one file that only its owner can read, and the server used last. The secrets
of servers that were chosen for it are in the system's keyring instead.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tonegate_client.credentials import Credentials, KeyCredentials
from tonegate_client.state.file_lock import file_lock
from tonegate_client.state.folders import write_private
from tonegate_client.state.keyring_vault import KeyringUnusable, KeyringVault


class _Content(msgspec.Struct):
    """`in_keyring` has the servers whose secrets are in the keyring."""

    current: str | None = None
    servers: dict[str, Credentials] = {}
    in_keyring: list[str] = []


class CredentialFile:
    """The file; `of` returns the store of one server."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.vault = KeyringVault()

    def of(self, server: str, *, in_keyring: bool | None = None) -> "FileCredentials":
        """`in_keyring` says where secrets are stored from now on, by default where the server's were last."""
        return FileCredentials(self, server, in_keyring)

    def current_server(self) -> str | None:
        """The server of the latest sign-in."""
        return self.read().current

    def read(self) -> _Content:
        """Raises ValueError for a file that is damaged."""
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=_Content)
        except FileNotFoundError:
            return _Content()
        except msgspec.MsgspecError as error:
            raise ValueError(f"{self.path} is damaged; remove it and sign in again.") from error

    def choose(self, server: str) -> None:
        """Makes a server the current one."""
        with self.changed() as content:
            content.current = server

    @contextlib.contextmanager
    def changed(self) -> Iterator[_Content]:
        """Reads the content, and writes it after the block; other processes wait meanwhile."""
        with file_lock(self.path.with_suffix(".lock")):
            content = self.read()
            yield content
            write_private(self.path, msgspec.json.encode(content))


class FileCredentials:
    """A `CredentialStore` of one server. Each call may raise KeyringUnusable."""

    def __init__(self, file: CredentialFile, server: str, in_keyring: bool | None = None) -> None:
        self._file = file
        self._server = server
        self._in_keyring = in_keyring

    def load(self) -> Credentials | None:
        content = self._file.read()
        found = content.servers.get(self._server)
        if found is None or self._server not in content.in_keyring:
            return found
        secret = self._file.vault.read(self._server)
        return None if secret is None else with_secret(found, secret)

    def save(self, credentials: Credentials) -> None:
        was_there = self._server in self._file.read().in_keyring
        is_there = was_there if self._in_keyring is None else self._in_keyring
        if is_there:
            self._file.vault.write(self._server, secret_of(credentials))
        with self._file.changed() as content:
            others = set(content.in_keyring) - {self._server}
            content.in_keyring = sorted({*others, self._server} if is_there else others)
            content.servers[self._server] = with_secret(credentials, "") if is_there else credentials
        if was_there and not is_there:
            # It may be the reason for this that the keyring is locked.
            with contextlib.suppress(KeyringUnusable):
                self._file.vault.remove(self._server)

    def clear(self) -> None:
        if self._server in self._file.read().in_keyring:
            self._file.vault.remove(self._server)
        with self._file.changed() as content:
            content.servers.pop(self._server, None)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        # Another lock than that of `changed`, which is taken within.
        with file_lock(self._file.path.with_suffix(".refresh.lock")):
            yield


def secret_of(credentials: Credentials) -> str:
    """What is good for long: an access token, which the file has in any case, is for minutes."""
    return credentials.key if isinstance(credentials, KeyCredentials) else credentials.refresh_token


def with_secret(credentials: Credentials, secret: str) -> Credentials:
    if isinstance(credentials, KeyCredentials):
        return msgspec.structs.replace(credentials, key=secret)
    return msgspec.structs.replace(credentials, refresh_token=secret)
