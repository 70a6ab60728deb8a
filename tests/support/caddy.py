"""Caddy before a gateway, with the configuration of compose.yaml's profile `tls`."""

import os
import shutil
import socket
import ssl
import urllib.request
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from pathlib import Path

import pytest

from devstack.daemon import Daemon
from devstack.home import REPOSITORY, Home
from devstack.ports import free_port
from devstack.servers.environment import plain_environment

UNPACKED = REPOSITORY / ".devstack" / "caddy" / "caddy"
CADDYFILE = REPOSITORY / "deploy" / "caddy" / "Caddyfile"
DOMAIN = "localhost"


def program() -> str:
    """Debian 13's Caddy, or the machine's own; without one the test is skipped."""
    found = str(UNPACKED) if os.access(UNPACKED, os.X_OK) else shutil.which("caddy")
    if found is None:
        pytest.skip("no caddy: devstack/bootstrap.sh --tests unpacks it on Debian")
    return found


class Caddy(Daemon):
    """Serves `https://localhost:<port>` with a certificate of its own authority, before `upstream`."""

    def __init__(self, home: Home, upstream: str) -> None:
        super().__init__("caddy", home)
        self._program, self._upstream = program(), upstream
        self.http_port = free_port()
        self.port = free_port(avoid=[self.http_port])
        self._health_port = free_port(avoid=[self.http_port, self.port])

    @property
    def url(self) -> str:
        return f"https://{DOMAIN}:{self.port}"

    @property
    def plain_url(self) -> str:
        return f"http://{DOMAIN}:{self.http_port}"

    @property
    def authority(self) -> Path:
        """The root certificate, which clients have to trust."""
        return self._data / "caddy" / "pki" / "authorities" / "local" / "root.crt"

    @property
    def log(self) -> str:
        return self.home.log(self.name).read_text()

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.authority))

    def command(self) -> Sequence[str]:
        return [self._program, "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]

    def environment(self) -> Mapping[str, str]:
        return {
            **plain_environment(),
            "TONEGATE_DOMAIN": DOMAIN,
            "TONEGATE_UPSTREAM": self._upstream,
            "GATEWAY_PUBLIC_URL": self.url,
            "CADDY_HTTP_PORT": str(self.http_port),
            "CADDY_HTTPS_PORT": str(self.port),
            "CADDY_HEALTH_PORT": str(self._health_port),
            "XDG_DATA_HOME": str(self._data),
            "XDG_CONFIG_HOME": str(self._data),
        }

    def is_ready(self) -> bool:
        """True once the certificate is there and the health check succeeds."""
        try:
            with socket.create_connection((DOMAIN, self.port), timeout=1) as plain:
                self.trust().wrap_socket(plain, server_hostname=DOMAIN).close()
            with urllib.request.urlopen(f"http://127.0.0.1:{self._health_port}/", timeout=1) as answer:
                return bool(answer.status == HTTPStatus.OK)
        except OSError:
            return False

    @property
    def _data(self) -> Path:
        return self.home.directory(self.name)
