"""A webhook endpoint as it is stored."""

from datetime import datetime, timedelta

import msgspec

from shared.contracts.webhooks import EVENT_TYPES, EventType, MadeWebhook, Reason, Webhook

# How long the previous secret still signs after a change (Standard Webhooks 1.0.0, "Webhook headers").
OLD_SECRET_KEPT = timedelta(hours=24)


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A registered webhook. Secrets are encrypted.

    `events` is None for all event types. `failing_since` is the time of the first failed attempt after the
    last successful one. `session_id` is the session or API key that has chosen the URL. `links` is False if
    the key that created the webhook may not read conversions: messages then have no links to the audio.
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
    links: bool = True

    def wants(self, event: str) -> bool:
        """Returns True if the endpoint is enabled and subscribed to this event type."""
        return self.disabled_reason is None and (self.events is None or event in self.events)

    def signing_secrets(self, now: datetime) -> tuple[str, ...]:
        """Returns the encrypted secrets that sign at `now`, newest first."""
        if self.old_secret is None or self.old_secret_until is None or self.old_secret_until <= now:
            return (self.secret,)
        return (self.secret, self.old_secret)

    def to_schema(self) -> Webhook:
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

    def to_created_schema(self, secret: str) -> MadeWebhook:
        """Returns the schema with the new secret in plain text, which is shown only once."""
        return MadeWebhook(**msgspec.structs.asdict(self.to_schema()), secret=secret)
