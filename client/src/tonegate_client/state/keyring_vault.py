"""Secrets in the system's keyring, by the package `keyring`, which is optional."""

import importlib
from collections.abc import Callable
from typing import Any

from tonegate_client.problems import TonegateError

SERVICE = "tonegate"


class KeyringUnusable(TonegateError):
    """There is no keyring, or it is locked or refuses."""


class KeyringVault:
    """One secret for each server."""

    def read(self, server: str) -> str | None:
        """None if there is none."""
        secret = _call(lambda keyring: keyring.get_password(SERVICE, server))
        return None if secret is None else str(secret)

    def write(self, server: str, secret: str) -> None:
        _call(lambda keyring: keyring.set_password(SERVICE, server, secret))

    def remove(self, server: str) -> None:
        """Also if there is none."""
        if self.read(server) is not None:
            _call(lambda keyring: keyring.delete_password(SERVICE, server))


def _call(use: Callable[[Any], Any]) -> Any:
    """Calls the package. Raises KeyringUnusable."""
    try:
        keyring, errors = importlib.import_module("keyring"), importlib.import_module("keyring.errors")
    except ImportError as error:
        text = "The package keyring is not installed: uv tool install './client[keyring]'."
        raise KeyringUnusable(text) from error
    try:
        return use(keyring)
    except (errors.KeyringError, errors.InitError, OSError) as error:
        first = " ".join(str(error).split()) or type(error).__name__
        raise KeyringUnusable(f"The keyring cannot be used: {first.rstrip('.!')}.") from error
