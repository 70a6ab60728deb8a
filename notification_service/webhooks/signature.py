"""Secrets and signature headers (Standard Webhooks 1.0.0, "Signature scheme", symmetric)."""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def sign_message(message_id: str, time: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """Returns the three signature headers of one attempt.

    There is one signature for each of `keys`, so that a receiver may verify with the old or the new secret
    while the secret is being changed. `body` is UTF-8.
    """
    time = time.astimezone(UTC)  # the package takes any other zone for UTC
    text = body.decode()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(time.timestamp())),
        "webhook-signature": " ".join(Webhook(key).sign(message_id, time, text) for key in keys),
    }
