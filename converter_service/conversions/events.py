"""Creates the events that the converter publishes about conversions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from converter_service.conversions.model import Conversion
from shared.clock import Clock
from shared.contracts.events import (
    ConversionCancelled,
    ConversionCompleted,
    ConversionFailed,
    Event,
    VideoUploaded,
)
from shared.messaging.envelope import Envelope, wrap

SOURCE = "/converter_service"


@dataclass(frozen=True)
class EventFactory:
    """Conversion → envelopes of the events that are stored in the same write as its change."""

    link_ttl: timedelta
    clock: Clock

    def uploaded(self, conversion: Conversion) -> Sequence[Envelope]:
        return self._wrapped(conversion, VideoUploaded(conversion_id=conversion.id))

    def completed(self, conversion: Conversion) -> Sequence[Envelope]:
        """Links to the audio are signed by their sender, and valid no longer than the audio is kept."""
        if conversion.result is None:
            raise ValueError("a completed conversion has a result")
        until = self.clock() + self.link_ttl
        until = min(until, conversion.expires_at or until).replace(microsecond=0)
        event = ConversionCompleted(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            recipient=conversion.recipient,
            recipient_verified=conversion.recipient_verified,
            filename=conversion.source.filename,
            duration_s=conversion.result.duration,
            size_bytes=conversion.result.size,
            format=conversion.result.format,
            link_expires_at=until,
            bitrate_bps=conversion.result.bitrate,
            sha256=conversion.result.sha256,
            links_ended=conversion.links_ended,
        )
        return self._wrapped(conversion, event)

    def failed(self, conversion: Conversion) -> Sequence[Envelope]:
        if conversion.error is None:
            raise ValueError("a failed conversion has an error")
        event = ConversionFailed(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            recipient=conversion.recipient,
            recipient_verified=conversion.recipient_verified,
            filename=conversion.source.filename,
            code=conversion.error.code,
            message=conversion.error.message,
        )
        return self._wrapped(conversion, event)

    def cancelled(self, conversion: Conversion) -> Sequence[Envelope]:
        event = ConversionCancelled(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            filename=conversion.source.filename,
        )
        return self._wrapped(conversion, event)

    def _wrapped(self, conversion: Conversion, event: Event) -> Sequence[Envelope]:
        """The event carries the correlation id of the upload, also when another process publishes it."""
        return (wrap(event, SOURCE, conversion.id, correlation=conversion.correlation_id or None),)
