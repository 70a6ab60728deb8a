"""Endpoints and Deliveries in memory. Both pass the contract suites of their ports."""

import secrets
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from notification_service.webhooks.delivery import MAX_ATTEMPTS_KEPT, Delivery
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.errors import TooManyWebhooks
from notification_service.webhooks.ports import Lane
from notification_service.webhooks.retry_policy import Outcome
from shared.contracts.webhooks import Attempt, ChangeWebhook, DeliveryStatus, Reason
from shared.messaging.envelope import Envelope


class MemoryEndpoints:
    """Endpoints in a dictionary."""

    def __init__(self) -> None:
        self.all: dict[str, Endpoint] = {}
        self.outbox: list[Envelope] = []

    async def add(self, endpoint: Endpoint, limit: int, event: Envelope | None = None) -> None:
        if len(await self.list_by_owner(endpoint.owner_id)) >= limit:
            raise TooManyWebhooks(limit)
        self.all[endpoint.id] = endpoint
        self._store(event)

    async def list_by_owner(self, owner_id: str) -> Sequence[Endpoint]:
        own = [each for each in self.all.values() if each.owner_id == owner_id]
        return sorted(own, key=lambda each: each.created_at, reverse=True)

    async def get(self, endpoint_id: str) -> Endpoint | None:
        return self.all.get(endpoint_id)

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
        found = self._own(owner_id, endpoint_id)
        if found is None:
            return None
        if isinstance(change.url, str):
            found = replace(found, url=change.url, session_id=session_id)
        if isinstance(change.events, list):
            found = replace(found, events=tuple(dict.fromkeys(change.events)))
        if change.status == "enabled":
            found = replace(found, disabled_reason=None, disabled_at=None, failing_since=None)
        elif change.status == "disabled" and found.disabled_reason is None:
            found = replace(found, disabled_reason="asked", disabled_at=now)
        self.all[found.id] = found
        self._store(event)
        return self.all[found.id]

    async def rotate_secret(
        self,
        owner_id: str,
        endpoint_id: str,
        secret: str,
        old_until: datetime,
        *,
        event: Envelope | None = None,
    ) -> Endpoint | None:
        found = self._own(owner_id, endpoint_id)
        if found is None:
            return None
        changed = replace(found, secret=secret, old_secret=found.secret, old_secret_until=old_until)
        self.all[found.id] = changed
        self._store(event)
        return changed

    def _store(self, event: Envelope | None) -> None:
        if event is not None:
            self.outbox.append(event)

    async def delete(self, owner_id: str, endpoint_id: str) -> bool:
        return self._own(owner_id, endpoint_id) is not None and self.all.pop(endpoint_id) is not None

    async def delete_by_owner(self, owner_id: str) -> None:
        self.all = {each.id: each for each in self.all.values() if each.owner_id != owner_id}

    async def clear_failing(self, endpoint_id: str) -> None:
        if found := self.all.get(endpoint_id):
            self.all[endpoint_id] = replace(found, failing_since=None)

    async def mark_failing(self, endpoint_id: str, since: datetime) -> None:
        if found := self.all.get(endpoint_id):
            self.all[endpoint_id] = replace(found, failing_since=min(found.failing_since or since, since))

    async def disable(
        self, endpoint_id: str, reason: Reason, now: datetime, failing_since: datetime | None = None
    ) -> bool:
        found = self.all.get(endpoint_id)
        if found is None or found.disabled_reason is not None:
            return False
        if failing_since is not None and (found.failing_since is None or found.failing_since > failing_since):
            return False
        self.all[endpoint_id] = replace(found, disabled_reason=reason, disabled_at=now)
        return True

    def _own(self, owner_id: str, endpoint_id: str) -> Endpoint | None:
        found = self.all.get(endpoint_id)
        return found if found and found.owner_id == owner_id else None


class MemoryDeliveries:
    """Deliveries in a dictionary."""

    def __init__(self, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.all: dict[str, Delivery] = {}
        self._now = now

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        for each in deliveries:
            due_at = min(each.due_at or each.created_at, self._now())
            self.all.setdefault(each.id, replace(each, due_at=due_at))

    async def list_page(
        self, lane: Lane, status: DeliveryStatus | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        found = [
            each
            for each in self.all.values()
            if _lane(each) == lane
            and status in {None, each.status}
            and (before is None or each.order < before)
        ]
        return sorted(found, key=lambda each: each.order, reverse=True)[:limit]

    async def replay(self, lane: Lane, delivery_id: str) -> Delivery | None:
        found = self.all.get(delivery_id)
        if found is None or _lane(found) != lane:
            return None
        if found.status == "pending" and found.token and not self._is_due(found):
            return found
        self.all[found.id] = replace(
            found, status="pending", due_at=self._now(), tries=0, begun_at=None, token="", by_hand=True
        )
        return self.all[found.id]

    async def due_lanes(self) -> Sequence[Lane]:
        return list({_lane(each) for each in self.all.values() if self._is_due(each)})

    async def claim(self, lane: Lane, lease: timedelta, *, takeover: bool = True) -> Delivery | None:
        due = [
            each
            for each in self.all.values()
            if _lane(each) == lane and self._is_due(each) and (takeover or not each.token)
        ]
        if not due:
            return None
        first = min(due, key=lambda each: each.due_at or each.created_at)
        self.all[first.id] = replace(
            first, token=secrets.token_hex(16), due_at=self._now() + lease, tries=first.tries + 1
        )
        return self.all[first.id]

    async def complete(self, delivery: Delivery, attempt: Attempt | None, outcome: Outcome) -> bool:
        found = self.all.get(delivery.id)
        if found is None or found.status != "pending":
            return False
        if outcome.status != "delivered" and found.token != delivery.token:
            return False
        attempts = (*found.attempts, attempt)[-MAX_ATTEMPTS_KEPT:] if attempt else found.attempts
        self.all[found.id] = replace(
            found,
            status=outcome.status,
            token="",
            due_at=self._now() + outcome.wait,
            attempts=attempts,
            begun_at=found.begun_at or (attempt.at if attempt else None),
            delivered_at=self._now() if outcome.status == "delivered" else found.delivered_at,
        )
        return True

    async def record_delivered(self, delivery_id: str, attempt: Attempt) -> None:
        if found := self.all.get(delivery_id):
            await self.complete(found, attempt, Outcome(status="delivered"))

    async def delete_lane(self, lane: Lane) -> None:
        self.all = {each.id: each for each in self.all.values() if _lane(each) != lane}

    async def delete_by_owner(self, owner_id: str) -> None:
        self.all = {each.id: each for each in self.all.values() if each.owner_id != owner_id}

    def _is_due(self, delivery: Delivery) -> bool:
        return delivery.status == "pending" and (delivery.due_at or delivery.created_at) <= self._now()


def _lane(delivery: Delivery) -> Lane:
    return Lane(delivery.owner_id, delivery.endpoint_id)
