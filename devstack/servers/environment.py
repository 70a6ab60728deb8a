"""Minimal process environment for servers: none of the user's or Tonegate's other variables."""

import os

KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")


def plain_environment() -> dict[str, str]:
    return {name: os.environ[name] for name in KEPT if name in os.environ}
