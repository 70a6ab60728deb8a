"""Credentials of all servers in one file that only its owner can read, and the server used last."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tonegate_client.credentials import Credentials
from tonegate_client.state.file_lock import file_lock
from tonegate_client.state.folders import write_private


class _Content(msgspec.Struct):
    current: str | None = None
    servers: dict[str, Credentials] = {}


class CredentialFile:
    """The file; `of` returns the store of one server."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def of(self, server: str) -> "FileCredentials":
        return FileCredentials(self, server)

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
    """A `CredentialStore` of one server."""

    def __init__(self, file: CredentialFile, server: str) -> None:
        self._file = file
        self._server = server

    def load(self) -> Credentials | None:
        return self._file.read().servers.get(self._server)

    def save(self, credentials: Credentials) -> None:
        with self._file.changed() as content:
            content.servers[self._server] = credentials

    def clear(self) -> None:
        with self._file.changed() as content:
            content.servers.pop(self._server, None)

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        # Another lock than that of `changed`, which is taken within.
        with file_lock(self._file.path.with_suffix(".refresh.lock")):
            yield
