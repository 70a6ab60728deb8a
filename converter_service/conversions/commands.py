"""What an owner may still do with a conversion: call it off, have it tried again, give others its audio."""

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from converter_service.conversions.cleanup import BackgroundCleanup, Cleanup
from converter_service.conversions.events import EventFactory
from converter_service.conversions.model import Conversion, LeaseLost, State
from converter_service.conversions.owner import Owner
from converter_service.conversions.ports import Blobs, ConversionStore
from converter_service.conversions.quota import Quota
from converter_service.conversions.service import Conversions
from converter_service.conversions.signed_links import SignedLinks
from converter_service.conversions.state_machine import IllegalTransition
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.queue import SourceGone, retried
from converter_service.conversions.update import change
from shared.clock import Clock
from shared.errors import Conflict, Gone, NotFound
from shared.messaging.envelope import Envelope

ENDED = {
    State.COMPLETED: "The conversion is completed already.",
    State.FAILED: "The conversion has failed already.",
    State.EXPIRED: "The conversion has expired.",
}


class Link(Struct, frozen=True):
    """An absolute address that gives the audio without a token until `expires_at`."""

    url: str
    expires_at: datetime


class ConversionCommands:
    """Every call takes the owner; what belongs to someone else does not exist."""

    def __init__(
        self,
        conversions: Conversions,
        store: ConversionStore,
        blobs: Blobs,
        events: EventFactory,
        links: SignedLinks,
        *,
        quota: Quota,
        public_url: str,
        retention: timedelta,
        clock: Clock,
    ) -> None:
        self._conversions = conversions
        self._store = store
        self._events = events
        self._links = links
        self._quota = quota
        self._public_url = public_url.rstrip("/")
        self._retention = retention
        self._clock = clock
        self._cleanup = Cleanup(store, blobs)
        self._background = BackgroundCleanup()

    async def cancel(self, owner: Owner, conversion_id: str) -> Conversion:
        """Raises Conflict for one that has ended otherwise. Again, it changes nothing.

        Whoever uploads or converts it hears of it at once, stops, and removes what it has written.
        """
        found = await self._conversions.get(owner, conversion_id)
        if found.status is State.CANCELLED:
            return found
        now = self._clock()
        try:
            over = await self._change(
                conversion_id,
                lambda newest: cancelled(newest, now=now, retention=self._retention),
                self._events.cancelled,
            )
        except IllegalTransition:
            newest = await self._conversions.get(owner, conversion_id)
            if newest.status is State.CANCELLED:
                return newest
            raise Conflict(ENDED.get(newest.status, "The conversion changes too fast.")) from None
        if over.due_at is not None and over.due_at <= now:  # else somebody may still be writing
            await self._background.clean(self._cleanup.delete_temporary_blobs(over))
        return over

    async def retry(self, owner: Owner, conversion_id: str) -> Conversion:
        """Raises Conflict for one that has not failed and was not cancelled, Gone when its video is not kept
        any more, or never was. Raises Overloaded and RateLimited when there is no room for another.
        """
        found = await self._conversions.get(owner, conversion_id)
        if found.status is State.EXPIRED:
            raise Gone("The conversion has expired, and its video with it.")
        now = self._clock()
        try:
            retried(found, now)  # who asks in vain need not be told to come back later
            async with self._quota.account_lock(owner.id):
                await self._quota.check_retry(owner.id)
                return await self._change(
                    conversion_id, lambda newest: retried(newest, now), self._events.uploaded
                )
        except SourceGone:
            raise Gone("The video of this conversion has not been kept.") from None
        except IllegalTransition:
            raise Conflict("Only a conversion that failed or was cancelled can be tried again.") from None

    async def link(self, owner: Owner, conversion_id: str, expires_in: timedelta) -> Link:
        """For as long as was asked for, and no longer than there is an audio.

        Raises NotReady before there is one, and Gone afterwards.
        """
        audio = await self._conversions.audio(owner, conversion_id)
        until = _whole_seconds(self._clock() + expires_in)
        kept = audio.conversion.expires_at
        until = until if kept is None else min(until, kept.replace(microsecond=0))
        return Link(f"{self._public_url}{self._links.sign(conversion_id, until)}", until)

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
            return await change(self._store, conversion_id, unless_deleted, events)
        except LeaseLost:
            raise NotFound from None


def _whole_seconds(moment: datetime) -> datetime:
    """Rounded up: a link of one second is one that can be used."""
    return datetime.fromtimestamp(math.ceil(moment.timestamp()), moment.tzinfo)
