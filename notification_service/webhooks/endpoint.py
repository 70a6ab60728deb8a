"""A webhook as it is stored. Pure."""

import secrets
from datetime import datetime, timedelta

import msgspec

from shared.contracts.webhooks import EVENT_TYPES, EventType, Reason, Webhook

# For so long after a secret was changed the old one signs too (Standard Webhooks 1.0.0, "Webhook headers").
OLD_SECRET_SIGNS = timedelta(hours=24)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """`events` None means all. Secrets are sealed. `failing_since`: of the first attempt that failed after
    the last one that worked. `session_id`: of the sign-in or API key that it was made with.
    """

    id: str
    owner_id: str
    url: str
    secret: str
    created_at: datetime
    events: tuple[EventType, ...] | None = None
    old_secret: str | None = None
    old_secret_until: datetime | None = None
    disabled_reason: Reason | None = None
    disabled_at: datetime | None = None
    failing_since: datetime | None = None
    session_id: str = ""

    def wants(self, event: str) -> bool:
        return self.disabled_reason is None and (self.events is None or event in self.events)

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """Those that sign, the newest first."""
        if self.old_secret is None or self.old_secret_until is None or self.old_secret_until <= now:
            return (self.secret,)
        return (self.secret, self.old_secret)

    def shown(self) -> Webhook:
        return Webhook(
            id=self.id,
            url=self.url,
            events=EVENT_TYPES if self.events is None else self.events,
            status="enabled" if self.disabled_reason is None else "disabled",
            disabled_reason=self.disabled_reason,
            disabled_at=self.disabled_at,
            failing_since=self.failing_since,
            created_at=self.created_at,
        )


def new_id() -> str:
    return secrets.token_hex(16)
