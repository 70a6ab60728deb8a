"""The moves by which a conversion goes: its bytes first, then itself; and when the sweeper looks again."""

from collections.abc import Collection
from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.model import FINAL, Conversion, State
from converter_service.conversions.state_machine import moved, told


def expired(conversion: Conversion, now: datetime) -> Conversion:
    """Retention has passed: the record stays, its bytes go next; until they have, the sweeper comes back."""
    return replace(moved(conversion, State.EXPIRED), due_at=now)


def emptied(conversion: Conversion) -> Conversion:
    """The bytes of an expired conversion are gone."""
    return replace(without_video(conversion), audio_blob=None, debris=(), due_at=None)


def tidied(conversion: Conversion, gone: Collection[str]) -> Conversion:
    """These blobs of a finished conversion are gone. Meanwhile it may have been tried again: what has come
    since stays.
    """
    rest = tuple(blob for blob in conversion.debris if blob not in gone)
    settled = conversion.status in FINAL and not rest
    return replace(conversion, debris=rest, due_at=conversion.expires_at if settled else conversion.due_at)


def deleted(conversion: Conversion, now: datetime) -> Conversion:
    """Invisible from now on. The sweeper waits until nobody can be writing its bytes any more."""
    return replace(
        told(conversion),
        deleted_at=conversion.deleted_at or now,
        due_at=conversion.written_until or now,
        idempotency_key=None,
    )


def put_off(conversion: Conversion, until: datetime) -> Conversion:
    """It is due, and nothing can be done about it now."""
    return replace(conversion, due_at=until)


def without_video(conversion: Conversion) -> Conversion:
    """It names none of its video's bytes any more."""
    upload = replace(conversion.upload, segments=(), writing=None) if conversion.upload else None
    return replace(conversion, source_blob=None, upload=upload)
