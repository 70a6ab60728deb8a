"""Ports of the stores of webhooks."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

from notification_service.webhooks.delivery import Delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt, ChangeWebhook, DeliveryStatus, Reason
from shared.messaging.envelope import Envelope


class Lane(msgspec.Struct, frozen=True, order=True):
    """The queue of deliveries to one endpoint."""

    owner_id: str
    endpoint_id: str


class Endpoints(Protocol):
    """Store of webhook endpoints. All calls raise Unavailable while the store cannot be reached.

    Calls with an `owner_id` see only the endpoints of that owner. An `event` is stored in the outbox if the
    change is made, and only then.
    """

    async def add(self, endpoint: Endpoint, limit: int, event: Envelope | None = None) -> None:
        """Raises TooManyWebhooks if its owner has `limit` endpoints; safe under concurrent calls."""

    async def list_by_owner(self, owner_id: str) -> Sequence[Endpoint]:
        """Returns the owner's endpoints, newest first."""

    async def get(self, endpoint_id: str) -> Endpoint | None:
        """Returns an endpoint of any owner."""

    async def update(
        self,
        owner_id: str,
        endpoint_id: str,
        change: ChangeWebhook,
        now: datetime,
        *,
        session_id: str = "",
        event: Envelope | None = None,
    ) -> Endpoint | None:
        """Changes an endpoint atomically and returns the new state; None if it does not exist.

        A new URL is stored with the `session_id` of its chooser. `enabled` clears its failures; `disabled`
        keeps an earlier reason and time.
        """

    async def rotate_secret(
        self,
        owner_id: str,
        endpoint_id: str,
        secret: str,
        old_until: datetime,
        *,
        event: Envelope | None = None,
    ) -> Endpoint | None:
        """Stores a new secret and keeps the previous one until `old_until`, atomically."""

    async def delete(self, owner_id: str, endpoint_id: str) -> bool:
        """Returns True if the endpoint existed."""

    async def delete_by_owner(self, owner_id: str) -> None:
        """Deletes all endpoints of an owner."""

    async def clear_failing(self, endpoint_id: str) -> None:
        """Clears `failing_since` after a successful attempt."""

    async def mark_failing(self, endpoint_id: str, since: datetime) -> None:
        """Sets `failing_since`, unless it is earlier already."""

    async def disable(
        self, endpoint_id: str, reason: Reason, now: datetime, failing_since: datetime | None = None
    ) -> bool:
        """Disables an enabled endpoint; returns True if it did.

        With `failing_since` it only does so if no attempt has succeeded after that time.
        """


class Deliveries(Protocol):
    """Store of deliveries, which expire some time after the last change.

    All calls raise Unavailable while the store cannot be reached. Times are compared with its own clock.
    """

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Stores new deliveries durably; those with a known id are left unchanged.

        A `due_at` in the future is set to the present: the clock of the caller may be ahead.
        """

    async def list_page(
        self, lane: Lane, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        """Returns deliveries of a lane, newest first, whose `order` is less than `before`."""

    async def replay(self, lane: Lane, delivery_id: str) -> Delivery | None:
        """Makes a delivery due now and resets its tries, unless it is claimed; None if there is none."""

    async def due_lanes(self) -> Sequence[Lane]:
        """Returns every lane with a due delivery, unordered."""

    async def claim(self, lane: Lane, lease: timedelta, *, takeover: bool = True) -> Delivery | None:
        """Claims the delivery that has been due longest and counts a try.

        It is due again when the lease expires. Returns None if the record of an expired lease may still be
        on its way; the delivery is then due a little later, and only for a claim with `takeover`.
        """

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        """Ends a claim and stores its attempt and outcome.

        Returns False without a change if the lease expired and another process claimed the delivery; the
        outcome `delivered` is stored in any case.
        """

    async def record_delivered(self, delivery_id: str, attempt: Attempt) -> None:
        """Stores the successful attempt of another process, which could not store it."""

    async def delete_lane(self, lane: Lane) -> None:
        """Deletes all deliveries of a lane."""

    async def delete_by_owner(self, owner_id: str) -> None:
        """Deletes all deliveries of an owner."""


class Sender(Protocol):
    """Sends what the dispatcher has claimed."""

    async def send(self, lane: Lane, delivery: Delivery, claimed_at: float) -> None:
        """Makes one attempt and stores its outcome. `claimed_at`: event loop time before the claim.

        Raises Unavailable if the store is unavailable: the delivery is sent again after its lease.
        """
