"""A browser's subscription as it is stored."""

import hashlib
from datetime import datetime

import msgspec
from yarl import URL

from shared.contracts import push


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """`endpoint` is the secret URL at the push service, `p256dh` and `auth` the browser's keys in base64url.

    `session_id` is the session in which the browser subscribed: with it the subscription ends.
    """

    id: str
    owner_id: str
    session_id: str
    endpoint: str
    p256dh: str
    auth: str
    created_at: datetime

    def to_schema(self) -> push.PushSubscription:
        return push.PushSubscription(self.id, URL(self.endpoint).raw_host or "", self.created_at)


def subscription_id(endpoint: str) -> str:
    """The same for each account: a browser has one subscription for all that sign in there."""
    return "push_" + hashlib.sha256(endpoint.encode()).hexdigest()[:32]
