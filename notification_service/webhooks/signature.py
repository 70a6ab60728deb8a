"""Secrets and signatures (Standard Webhooks 1.0.0, "Signature scheme", symmetric). Pure but for chance."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime

PREFIX = "whsec_"
SECRET_BYTES = 32  # the specification asks for 24 to 64


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def headers(message_id: str, at: datetime, body: bytes, keys: Sequence[str]) -> dict[str, str]:
    """The three header fields of one attempt. With two keys, while a secret is being changed, either
    verifies.
    """
    moment = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": moment,
        "webhook-signature": " ".join(_signature(message_id, moment, body, key) for key in keys),
    }


def _signature(message_id: str, moment: str, body: bytes, key: str) -> str:
    signed = b".".join((message_id.encode(), moment.encode(), body))
    digest = hmac.new(base64.b64decode(key.removeprefix(PREFIX)), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
