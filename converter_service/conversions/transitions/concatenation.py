"""The moves of partial uploads, and of the one that they are joined into."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, LeaseLost
from converter_service.conversions.segments import Segment
from converter_service.conversions.transitions.resumable import (
    open_upload,
    queued_for_conversion,
    with_upload,
)
from converter_service.errors import PartAlreadyUsed

# A sweeper acts on what it has seen up to so long ago.
SWEPT_WITHIN = timedelta(minutes=5)


def assigned_to_final(conversion: Conversion, final_id: str) -> Conversion:
    """A whole partial upload becomes a part of another. Raises JoinedAlready, and LeaseLost."""
    upload = open_upload(conversion)
    if not (upload.is_partial and upload.is_complete) or upload.joined_into not in {None, final_id}:
        raise PartAlreadyUsed
    return replace(conversion, upload=replace(upload, joined_into=final_id), reserved_bytes=0)


def released_from_final(conversion: Conversion, final_id: str, now: datetime) -> Conversion:
    """What it was given up to came to nothing, and can take nothing any more: it may be joined anew.

    Raises LeaseLost when it is that one's no longer, and when its time is nearly over: the sweeper may be at
    its bytes.
    """
    upload = open_upload(conversion)
    if upload.joined_into != final_id or upload.expires_at <= now + SWEPT_WITHIN:
        raise LeaseLost
    return replace(conversion, upload=replace(upload, joined_into=None), reserved_bytes=upload.length)


def concatenated(conversion: Conversion, segments: Sequence[Segment], now: datetime) -> Conversion:
    """The parts are its own now, and it is queued. Raises LeaseLost when it was swept away meanwhile."""
    upload = open_upload(conversion)
    return queued_for_conversion(with_upload(conversion, replace(upload, segments=tuple(segments))), now)
