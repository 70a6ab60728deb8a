"""What webhooks need from outside. The docstrings are the contract."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec
from yarl import URL

from notification_service.webhooks.delivery import Answer, Delivery, Verdict
from notification_service.webhooks.endpoint import Endpoint
from notification_service.webhooks.outbound.address_policy import IPAddress
from shared.contracts.webhooks import Attempt, EventType, Reason, Status
from shared.errors import Conflict


class TooManyWebhooks(Conflict):
    """The account has as many as it may have."""

    def __init__(self, most: int) -> None:
        super().__init__(f"An account may have {most} webhooks at most.")


class Lane(msgspec.Struct, frozen=True, order=True):
    """What waits its turn together: the messages to one endpoint."""

    owner_id: str
    endpoint_id: str


class EndpointChange(msgspec.Struct, frozen=True, kw_only=True):
    """What is left out stays. Without a reason it is enabled, and starts with a clean record."""

    url: str | msgspec.UnsetType = msgspec.UNSET
    events: tuple[EventType, ...] | msgspec.UnsetType = msgspec.UNSET
    disabled_reason: Reason | msgspec.UnsetType | None = msgspec.UNSET


class Endpoints(Protocol):
    """Webhooks by id. All calls raise Unavailable while the store cannot be reached. Whoever gives an owner
    gets to see nothing of others.
    """

    async def add(self, endpoint: Endpoint, most: int) -> None:
        """Raises TooManyWebhooks when its owner has `most`, also when many are added at once."""

    async def of(self, owner_id: str) -> Sequence[Endpoint]:
        """Newest first."""

    async def get(self, endpoint_id: str) -> Endpoint | None:
        """Whoever owns it."""

    async def change(
        self, owner_id: str, endpoint_id: str, change: EndpointChange, now: datetime
    ) -> Endpoint | None:
        """As it is afterwards, in one step; None when there is none."""

    async def change_secret(
        self, owner_id: str, endpoint_id: str, secret: str, old_until: datetime
    ) -> Endpoint | None:
        """The newest becomes the old one, in one step."""

    async def remove(self, owner_id: str, endpoint_id: str) -> bool:
        """Whether there was one."""

    async def forget(self, owner_id: str) -> None:
        """All of that owner's."""

    async def worked(self, endpoint_id: str) -> None:
        """Nothing is failing any more."""

    async def failed(self, endpoint_id: str, at: datetime) -> None:
        """Failing since then, unless since earlier."""

    async def disable(
        self, endpoint_id: str, reason: Reason, now: datetime, failing_since: datetime | None = None
    ) -> bool:
        """Unless it is disabled already, or something has worked after `failing_since`. Whether it was."""


class Deliveries(Protocol):
    """Messages and what became of them, kept for a while after the last change. All calls raise Unavailable
    while the store cannot be reached.
    """

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Those whose id is known already are left as they are. Durable on return.

        None is due later than now by the store's clock, whatever that of their maker said.
        """

    async def page(
        self, lane: Lane, status: Status | None, before: str | None, limit: int
    ) -> Sequence[Delivery]:
        """Newest first, `before` an `order`."""

    async def replay(self, lane: Lane, delivery_id: str) -> Delivery | None:
        """Due at once and with all its tries, unless it is on its way at this moment; None when there is
        none.
        """

    async def due(self) -> Sequence[Lane]:
        """Every lane in which something is to be sent now, in no particular order."""

    async def claim(self, lane: Lane, lease: timedelta) -> Delivery | None:
        """The one that is due for longest, for the caller alone until the lease lapses; one more try is
        counted. Then whoever comes next gets it.
        """

    async def settle(self, delivery: Delivery, attempt: Attempt | None, verdict: Verdict) -> bool:
        """Ends a claim. False, and nothing changed, when the lease had lapsed and another has claimed it;
        that it was delivered is recorded all the same.
        """

    async def remove(self, lane: Lane) -> None:
        """All of a lane."""

    async def forget(self, owner_id: str) -> None:
        """All of that owner's."""


class Poster(Protocol):
    async def post(self, target: URL, body: bytes, headers: dict[str, str]) -> Answer:
        """One attempt, within its time-out, whatever happens; never follows a redirect, and connects to no
        address that may not be called.
        """


class Lookup(Protocol):
    async def __call__(self, host: str) -> Sequence[IPAddress]:
        """Every address of a name, asked anew each time. Raises OSError or TimeoutError."""
