"""Commands of an owner on a conversion: rename, cancel, retry, create and end signed links."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.service import Conversions
from converter_service.conversions.signed_links import SignedLinks
from converter_service.conversions.state_machine import IllegalTransition, bump_revision
from converter_service.conversions.title import clean_title
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.queue import SourceGone, retried
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.contracts.conversions import Link
from shared.errors import Conflict, Gone, NotFound
from shared.identity.principal import Principal
from shared.messaging.envelope import Envelope

ENDED = {
    State.COMPLETED: "The conversion has already completed.",
    State.FAILED: "The conversion has already failed.",
    State.EXPIRED: "The conversion has expired.",
}


@dataclass(frozen=True)
class ConversionCommands:
    """All commands raise NotFound for a conversion of another owner."""

    conversions: Conversions
    store: ConversionStore
    cleanup: Cleanup
    events: EventFactory
    links: SignedLinks
    quota: Quota
    public_url: str
    retention: timedelta
    clock: Clock

    async def rename(self, owner: Principal, conversion_id: str, title: str | None) -> Conversion:
        """Names a conversion in any state; without a title it has the name of its file again."""
        await self.conversions.get(owner, conversion_id)
        wanted = clean_title(title)
        return await self._change(
            conversion_id, lambda newest: bump_revision(replace(newest, title=wanted)), lambda _: ()
        )

    async def cancel(self, owner: Principal, conversion_id: str) -> Conversion:
        """Cancels an upload or conversion; idempotent. Raises Conflict when it has ended in another way.

        The current upload or run is notified, stops and deletes what it has written.
        """
        found = await self.conversions.get(owner, conversion_id)
        if found.status is State.CANCELLED:
            return found
        now = self.clock()
        try:
            over = await self._change(
                conversion_id,
                lambda newest: cancelled(newest, now=now, retention=self.retention),
                self.events.cancelled,
            )
        except IllegalTransition:
            newest = await self.conversions.get(owner, conversion_id)
            if newest.status is State.CANCELLED:
                return newest
            raise Conflict(ENDED.get(newest.status, "The conversion cannot be cancelled now.")) from None
        if over.due_at is not None and over.due_at <= now:  # otherwise the writer may still be active
            await self.cleanup.in_background(self.cleanup.delete_temporary_blobs(over))
        return over

    async def retry(self, owner: Principal, conversion_id: str) -> Conversion:
        """Queues a failed or cancelled conversion again.

        Raises Conflict in any other state, Gone when its video is deleted, Overloaded when the queue is full,
        and RateLimited when the account has too many conversions under way.
        """
        found = await self.conversions.get(owner, conversion_id)
        if found.status is State.EXPIRED:
            raise Gone("The conversion and its video have expired.")
        now = self.clock()
        try:
            retried(found, now)  # before the quota: a retry that is not possible must not answer 429
            async with self.quota.account_lock(owner.user_id):
                await self.quota.check_retry(owner.user_id)
                return await self._change(
                    conversion_id,
                    lambda newest: addressed_to(owner, retried(newest, now)),
                    self.events.uploaded,
                )
        except SourceGone:
            raise Gone("The video of this conversion is deleted.") from None
        except IllegalTransition:
            raise Conflict("Only a failed or cancelled conversion can be retried.") from None

    async def link(self, owner: Principal, conversion_id: str, expires_in: timedelta) -> Link:
        """A link that is valid for `expires_in`, at most until the audio expires.

        Raises NotReady before the conversion has completed, and Gone after it has expired.
        """
        audio = await self.conversions.audio(owner, conversion_id)
        until = _whole_seconds(self.clock() + expires_in)
        kept = audio.conversion.expires_at
        until = until if kept is None else min(until, kept.replace(microsecond=0))
        path = self.links.sign(conversion_id, until, audio.conversion.links_ended)
        return Link(f"{self.public_url.rstrip('/')}{path}", until)

    async def end_links(self, owner: Principal, conversion_id: str) -> None:
        """Ends all links to the audio that were made so far, also those in mails and webhooks."""
        await self.conversions.get(owner, conversion_id)
        await self._change(
            conversion_id, lambda newest: replace(newest, links_ended=newest.links_ended + 1), lambda _: ()
        )

    async def _change(
        self,
        conversion_id: str,
        step: Callable[[Conversion], Conversion],
        events: Callable[[Conversion], Sequence[Envelope]],
    ) -> Conversion:
        def unless_deleted(newest: Conversion) -> Conversion:
            if newest.deleted_at:
                raise LeaseLost
            return step(newest)

        try:
            return await change(self.store, conversion_id, unless_deleted, events)
        except LeaseLost:
            raise NotFound from None


def addressed_to(owner: Principal, conversion: Conversion) -> Conversion:
    """Records whether the owner has verified the conversion's address by now."""
    if conversion.recipient != owner.email:
        return conversion
    return replace(conversion, recipient_verified=owner.email_verified)


def _whole_seconds(moment: datetime) -> datetime:
    """Rounded up to a whole second, so that a link of one second is usable."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), moment.tzinfo)
