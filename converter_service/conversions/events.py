"""What the converter tells the rest of the system, and in whose name."""

from collections.abc import Sequence
from datetime import timedelta

from converter_service.conversions.model import Conversion
from converter_service.conversions.signed_links import SignedLinks
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


class EventFactory:
    """Conversion → the events that go into the same write as its change."""

    def __init__(self, links: SignedLinks, link_ttl: timedelta, clock: Clock) -> None:
        self._links = links
        self._link_ttl = link_ttl
        self._clock = clock

    def uploaded(self, conversion: Conversion) -> Sequence[Envelope]:
        return self._one(conversion, VideoUploaded(conversion_id=conversion.id))

    def completed(self, conversion: Conversion) -> Sequence[Envelope]:
        """With a link that gives the audio without a token, as long as there is audio."""
        if conversion.result is None:
            raise ValueError("a completed conversion has a result")
        until = self._clock() + self._link_ttl
        until = min(until, conversion.expires_at or until).replace(microsecond=0)
        event = ConversionCompleted(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            recipient=conversion.recipient,
            filename=conversion.source.filename,
            duration_s=conversion.result.duration,
            size_bytes=conversion.result.size,
            format=conversion.result.format,
            audio_path=self._links.sign(conversion.id, until),
            link_expires_at=until,
            bitrate_bps=conversion.result.bitrate,
            sha256=conversion.result.sha256,
        )
        return self._one(conversion, event)

    def failed(self, conversion: Conversion) -> Sequence[Envelope]:
        if conversion.error is None:
            raise ValueError("a failed conversion has an error")
        event = ConversionFailed(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            recipient=conversion.recipient,
            filename=conversion.source.filename,
            code=conversion.error.code,
            message=conversion.error.message,
        )
        return self._one(conversion, event)

    def cancelled(self, conversion: Conversion) -> Sequence[Envelope]:
        event = ConversionCancelled(
            conversion_id=conversion.id,
            owner_id=conversion.owner_id,
            filename=conversion.source.filename,
        )
        return self._one(conversion, event)

    def _one(self, conversion: Conversion, event: Event) -> Sequence[Envelope]:
        """The correlation id of the upload follows the conversion to the mail, whoever runs it."""
        return (wrap(event, SOURCE, conversion.id, correlation=conversion.correlation_id or None),)
