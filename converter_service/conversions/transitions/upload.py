"""Transitions of a conversion whose video arrives in one request."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, Source, State
from converter_service.conversions.state_machine import IllegalTransition, with_state
from converter_service.conversions.transitions.queue import REANNOUNCE_AFTER


def upload_renewed(conversion: Conversion, alive_until: datetime) -> Conversion:
    """Returns the record with the upload's lease extended to `alive_until`.

    Raises LeaseLost after deletion or cancellation, IllegalTransition when the upload is complete.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    if conversion.status is not State.UPLOADING:
        raise IllegalTransition(f"{conversion.status} is not being uploaded")
    return replace(conversion, due_at=alive_until)


def with_reserved_bytes(conversion: Conversion, size: int) -> Conversion:
    """Returns the record with `size` bytes reserved in the quota. Raises LeaseLost if the upload ended."""
    if conversion.deleted_at or conversion.status is not State.UPLOADING:
        raise LeaseLost
    return replace(conversion, reserved_bytes=size)


def uploaded(
    conversion: Conversion,
    *,
    size: int,
    sha256: str | None,
    options: Mapping[str, str | int | float],
    now: datetime,
) -> Conversion:
    """Returns the record as queued with all bytes stored; `sha256` is None for resumable uploads.

    Raises LeaseLost after deletion or cancellation, IllegalTransition when it is already queued.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    source = replace(conversion.source, size=size, sha256=sha256)
    return replace(
        with_state(conversion, State.QUEUED), source=source, options=options, due_at=now + REANNOUNCE_AFTER
    )


def as_accepted(conversion: Conversion) -> Conversion:
    """Returns the record as in the response to its upload: queued, without later progress."""
    source = conversion.source
    return replace(
        conversion,
        status=State.QUEUED,
        source=Source(filename=source.filename, size=source.size, sha256=source.sha256),
        progress=0.0,
        result=None,
        error=None,
        started_at=None,
        finished_at=None,
        expires_at=None,
    )


def without_idempotency_key(conversion: Conversion) -> Conversion:
    """Returns the record without its idempotency key, which can then be used again."""
    return replace(conversion, idempotency_key=None)
