"""Transitions of a conversion's run; all but the claim need the token of the current lease."""

from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, SourceTrack, State
from converter_service.conversions.state_machine import IllegalTransition, bump_revision, with_state
from converter_service.conversions.transitions.queue import claimable


def claimed(
    conversion: Conversion, lease: Lease, blob_id: str, now: datetime, *, details_id: str | None = None
) -> Conversion:
    """Returns the record as converting: one more attempt, whose audio is written to `blob_id` and whose
    result's details to `details_id`.
    """
    if not claimable(conversion, now):
        raise IllegalTransition(f"{conversion.status} cannot be claimed")
    waiting = conversion if conversion.status is State.QUEUED else with_state(conversion, State.QUEUED)
    return replace(
        with_state(waiting, State.CONVERTING),
        lease=lease,
        attempts=conversion.attempts + 1,
        temporary_blobs=(*conversion.temporary_blobs, blob_id, *([details_id] if details_id else [])),
        reserved_bytes=0,
        started_at=conversion.started_at or now,
        due_at=lease.until,
    )


def renewed(conversion: Conversion, token: str, until: datetime, progress: float) -> Conversion:
    """Returns the record with its lease extended; `progress` (0 to 1) never decreases. Raises LeaseLost."""
    lease = conversion.lease_of(token)
    alive = replace(conversion, lease=replace(lease, until=until), due_at=until)
    at_least = max(conversion.progress, min(progress, 1.0))
    return alive if at_least == conversion.progress else bump_revision(replace(alive, progress=at_least))


def source_described(
    conversion: Conversion,
    token: str,
    *,
    duration: float | None,
    container: str,
    audio_codec: str | None,
    audio_tracks: tuple[SourceTrack, ...] | None,
    result_bytes: int = 0,
) -> Conversion:
    """Returns the record with the probed properties of the video, `duration` in seconds, and with
    `result_bytes` reserved for the audio. Raises LeaseLost.
    """
    conversion.lease_of(token)
    known = replace(
        conversion.source,
        duration=duration,
        container=container,
        audio_codec=audio_codec,
        audio_tracks=audio_tracks,
    )
    return bump_revision(replace(conversion, source=known, reserved_bytes=result_bytes))


def result_reserved(conversion: Conversion, token: str, size: int) -> Conversion:
    """Returns the record with `size` bytes reserved for the audio. Raises LeaseLost."""
    conversion.lease_of(token)
    return replace(conversion, reserved_bytes=size)


def digest_recorded(conversion: Conversion, token: str, sha256: str) -> Conversion:
    """Returns the record with the SHA-256 of the video, in hex. Raises LeaseLost."""
    conversion.lease_of(token)
    return bump_revision(replace(conversion, source=replace(conversion.source, sha256=sha256)))


def earlier_blobs_deleted(conversion: Conversion, token: str, *blob_ids: str) -> Conversion:
    """Returns the record with `blob_ids` as its only temporary blobs. Raises LeaseLost."""
    conversion.lease_of(token)
    return replace(conversion, temporary_blobs=blob_ids)
