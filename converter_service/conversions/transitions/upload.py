"""The moves of a conversion while its video comes in."""

from collections.abc import Mapping
from datetime import datetime

from msgspec.structs import replace

from converter_service.conversions.model import Conversion, LeaseLost, Source, State
from converter_service.conversions.state_machine import IllegalTransition, with_state
from converter_service.conversions.transitions.queue import REANNOUNCE_AFTER


def new_upload(
    conversion_id: str,
    blob_id: str,
    *,
    owner_id: str,
    recipient: str,
    filename: str,
    now: datetime,
    alive_until: datetime,
    correlation_id: str,
    idempotency_key: str | None = None,
    reserved_bytes: int = 0,
) -> Conversion:
    """Written before the first byte is stored. Silent past `alive_until`, it is a dead process's."""
    return Conversion(
        id=conversion_id,
        owner_id=owner_id,
        recipient=recipient,
        status=State.UPLOADING,
        source=Source(filename=filename),
        source_blob=blob_id,
        created_at=now,
        due_at=alive_until,
        options={},
        correlation_id=correlation_id,
        idempotency_key=idempotency_key,
        reserved_bytes=reserved_bytes,
    )


def upload_renewed(conversion: Conversion, alive_until: datetime) -> Conversion:
    """Somebody is at it. Raises LeaseLost when it was deleted, swept away or cancelled meanwhile, and
    IllegalTransition when all has arrived.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    if conversion.status is not State.UPLOADING:
        raise IllegalTransition(f"{conversion.status} is not being uploaded")
    return replace(conversion, due_at=alive_until)


def with_reserved_bytes(conversion: Conversion, size: int) -> Conversion:
    """It may bring so many bytes. Raises LeaseLost when it was deleted or swept away meanwhile."""
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
    """Queued: all bytes are stored. `sha256` is None when the upload came in several requests.

    Raises LeaseLost after deletion or cancellation, IllegalTransition when it is already queued.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    source = replace(conversion.source, size=size, sha256=sha256)
    return replace(
        with_state(conversion, State.QUEUED), source=source, options=options, due_at=now + REANNOUNCE_AFTER
    )


def as_accepted(conversion: Conversion) -> Conversion:
    """What its upload was answered with, whatever has become of it since."""
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
    """Its idempotency key may be another's from now on."""
    return replace(conversion, idempotency_key=None)
