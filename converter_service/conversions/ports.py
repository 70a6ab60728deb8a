"""Ports of the stored conversions and of their queue. The docstrings are the contract."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from converter_service.conversions.model import Conversion, State
from shared.contracts.overview import Hour
from shared.messaging.envelope import Envelope


class KeyTaken(Exception):
    """Another conversion has the idempotency key."""


class VersionConflict(Exception):
    """The conversion was saved or removed since it was read: read it again."""


class ConversionStore(Protocol):
    """Conversions by id. While the store is unreachable, all calls raise Unavailable within seconds."""

    async def add(self, conversion: Conversion) -> None:
        """Adds a new one, durable on return. Raises KeyTaken when another has its idempotency key."""

    async def by_idempotency_key(self, idempotency_key: str) -> Conversion | None:
        """The conversion with this idempotency key."""

    async def get(self, conversion_id: str) -> Conversion | None:
        """The newest value, also of a deleted conversion."""

    async def save(self, conversion: Conversion, *events: Envelope) -> Conversion:
        """Replaces the stored value and stores `events` in the outbox, in one atomic write.

        Returns the conversion with its new version. Raises VersionConflict unless `conversion` was made from
        the newest value.
        """

    async def remove(self, conversion_id: str) -> None:
        """Removes the record and its unpublished events; does nothing if there is none."""

    async def end_links(self, owner_id: str, reset_at: datetime) -> int:
        """Ends the links to the audio of an owner's completed conversions, because the password was reset.

        Returns the number of these. A repetition, or an earlier reset, ends none: later links stay valid.
        """

    async def page(
        self,
        owner_id: str | None,
        status: State | None,
        before_id: str | None,
        limit: int,
        name: str | None = None,
    ) -> Sequence[Conversion]:
        """Conversions that are not deleted, of one owner or all (None), newest first, older than `before_id`.

        With `name` only those whose title or file name contains it, in upper or lower case. It is plain text.

        Without partial uploads (see `partial_uploads`), and without the segments of uploads, of which there
        may be thousands.
        """

    async def partial_uploads(self, owner_id: str, limit: int) -> Sequence[Conversion]:
        """Partial uploads of one owner that are not deleted."""

    async def by_result_cache_key(self, owner_id: str, cache_key: str) -> Conversion | None:
        """The newest completed conversion of this owner with this key that is not deleted."""

    async def referenced_blobs(self, blob_ids: Sequence[str]) -> Collection[str]:
        """The blobs among them that some conversion refers to, deleted conversions included."""

    async def video_user(self, blob_id: str, other_than: str) -> Conversion | None:
        """The oldest conversion other than `other_than` that refers to the blob and is neither deleted nor
        expired, without partial uploads.
        """

    async def due(self, now: datetime, limit: int) -> Sequence[Conversion]:
        """Conversions whose `due_at` has passed, longest due first.

        An invalid record is skipped and postponed by some minutes.
        """


class ConversionNumbers(Protocol):
    """Numbers of conversions, for the overview. All calls raise Unavailable while the store is away."""

    async def count(self, state: State) -> int:
        """How many conversions are in this state."""

    async def oldest_queued_at(self) -> datetime | None:
        """When the queued conversion that was accepted first was accepted."""

    async def expired_leases(self, now: datetime) -> int:
        """How many conversions are converting although the lease of their worker has expired."""

    async def hours(self, until: datetime, count: int) -> Sequence[Hour]:
        """The last `count` hours, with the one of `until`, oldest first."""


class Usage(Struct, frozen=True):
    """What an account uses: bytes stored or reserved, and conversions uploading, queued or converting."""

    bytes: int
    conversions: int


class ProcessorUse(Protocol):
    """Processor seconds of accounts.

    While the store is unreachable, all calls raise Unavailable within seconds.
    """

    async def record(self, run_id: str, owner_id: str, seconds: float, at: datetime) -> None:
        """Records what a run uses or is expected to use, in place of what was recorded for it before."""

    async def used(self, owner_id: str, since: datetime) -> float:
        """The sum of the account's runs that were recorded at `since` or later."""


class Queue(Protocol):
    """Queries about queued conversions and about the usage of accounts.

    While the store is unreachable, all calls raise Unavailable within seconds.
    """

    async def next(self, now: datetime, after_owner: str) -> Conversion | None:
        """The oldest claimable conversion of the first account whose id sorts after `after_owner`.

        Claimable: queued, not deleted, and past `retry_at`. None when no later account has one.
        """

    async def running(self, owner_id: str) -> int:
        """Number of the account's conversions that are converting."""

    async def length(self, at_most: int) -> int:
        """Number of queued conversions, counted up to `at_most`."""

    async def usage(self, owner_id: str) -> Usage:
        """Current usage, without deleted and expired conversions."""
