"""The moves by which a conversion goes: its bytes first, then itself; and when the sweeper looks again."""

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.model import FINAL, Conversion, State
from converter_service.conversions.state_machine import bump_revision, with_state


def expired(conversion: Conversion, now: datetime) -> Conversion:
    """Retention has passed: the record stays, its bytes go next; until they have, the sweeper comes back."""
    return replace(with_state(conversion, State.EXPIRED), due_at=now)


def bytes_deleted(conversion: Conversion) -> Conversion:
    """The bytes of an expired conversion are gone."""
    return replace(without_video(conversion), audio_blob=None, temporary_blobs=(), due_at=None)


def temporary_blobs_deleted(conversion: Conversion, gone: Collection[str]) -> Conversion:
    """These blobs of a finished conversion are gone. Meanwhile it may have been tried again: what has come
    since stays.
    """
    rest = tuple(blob for blob in conversion.temporary_blobs if blob not in gone)
    settled = conversion.status in FINAL and not rest
    return replace(
        conversion, temporary_blobs=rest, due_at=conversion.expires_at if settled else conversion.due_at
    )


def deleted(conversion: Conversion, now: datetime) -> Conversion:
    """Invisible from now on. The sweeper waits until nobody can be writing its bytes any more."""
    return replace(
        bump_revision(conversion),
        deleted_at=conversion.deleted_at or now,
        due_at=conversion.written_until or now,
        idempotency_key=None,
    )


def postponed(conversion: Conversion, until: datetime) -> Conversion:
    """It is due, and nothing can be done about it now."""
    return replace(conversion, due_at=until)


def without_video(conversion: Conversion) -> Conversion:
    """It names none of its video's bytes any more."""
    upload = replace(conversion.upload, segments=(), writing=None) if conversion.upload else None
    return replace(conversion, source_blob=None, upload=upload)
