"""Transitions of partial uploads and of their final upload (tus 1.0.0, concatenation)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion
from converter_service.conversions.segments import Segment
from converter_service.conversions.transitions.resumable import (
    open_upload,
    queued_for_conversion,
    with_upload,
)
from converter_service.errors import PartAlreadyUsed

# The sweeper may act on a record that it has read up to this long ago.
SWEEPER_DELAY = timedelta(minutes=5)


def assigned_to_final(conversion: Conversion, final_id: str) -> Conversion:
    """Returns the complete partial upload as a part of the final upload.

    Raises PartAlreadyUsed when it is incomplete or part of another one, LeaseLost when it is deleted.
    """
    upload = open_upload(conversion)
    if not (upload.is_partial and upload.is_complete) or upload.joined_into not in {None, final_id}:
        raise PartAlreadyUsed
    return replace(conversion, upload=replace(upload, joined_into=final_id), reserved_bytes=0)


def released_from_final(conversion: Conversion, final_id: str, now: datetime) -> Conversion:
    """Returns the partial upload as usable again, after its final upload failed.

    Raises LeaseLost when it is not assigned to that final upload, or expires so soon that the sweeper may
    already delete its bytes.
    """
    upload = open_upload(conversion)
    if upload.joined_into != final_id or upload.expires_at <= now + SWEEPER_DELAY:
        raise LeaseLost
    return replace(conversion, upload=replace(upload, joined_into=None), reserved_bytes=upload.offset)


def concatenated(conversion: Conversion, segments: Sequence[Segment], now: datetime) -> Conversion:
    """Returns the final upload as queued, with its parts' segments. Raises LeaseLost when it is deleted."""
    upload = open_upload(conversion)
    return queued_for_conversion(with_upload(conversion, replace(upload, segments=tuple(segments))), now)
