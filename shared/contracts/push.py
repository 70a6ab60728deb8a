"""Request and response bodies of push subscriptions."""

from datetime import datetime
from typing import Annotated

import msgspec

PublicKey = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{87}={0,1}(?![\s\S])",
        description="The browser's public key: an uncompressed point of P-256 in base64url (RFC 8291 §3.1).",
    ),
]
AuthSecret = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[A-Za-z0-9_-]{22}={0,2}(?![\s\S])",
        description="The authentication secret: 16 bytes in base64url (RFC 8291 §3.2).",
    ),
]


class PushKeys(msgspec.Struct, frozen=True):
    """What messages to a browser are encrypted with."""

    p256dh: PublicKey
    auth: AuthSecret


class NewPushSubscription(msgspec.Struct, frozen=True):
    """A browser's `PushSubscription` as JSON (Push API, W3C); other members are ignored."""

    endpoint: Annotated[
        str,
        msgspec.Meta(
            max_length=2048,
            pattern=r"^https?://[!-~]+(?![\s\S])",
            description="URL of the push service, with https. Its host must have public addresses only.",
            examples=["https://push.example.com/send/f81d4fae"],
        ),
    ]
    keys: PushKeys


class PushSubscription(msgspec.Struct, frozen=True):
    """A browser that gets push messages. `host` is that of its push service."""

    id: str
    host: str
    created_at: datetime


class PushSubscriptionList(msgspec.Struct, frozen=True):
    """All of the account, newest first."""

    items: tuple[PushSubscription, ...]


class PushKey(msgspec.Struct, frozen=True):
    """The `applicationServerKey` to subscribe with: an uncompressed point of P-256 in base64url."""

    key: str
