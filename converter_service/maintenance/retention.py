"""Retention: conversions that have ended expire, and their blobs are deleted."""

from collections.abc import Callable
from datetime import datetime

from converter_service.conversions.cleanup import Cleanup
from converter_service.conversions.model import Conversion
from converter_service.conversions.ports import ConversionStore
from converter_service.conversions.transitions.removal import expired
from converter_service.conversions.update import change
from shared.logs import get_logger


async def apply_retention(
    store: ConversionStore,
    cleanup: Cleanup,
    count: Callable[[str], None],
    conversion: Conversion,
    now: datetime,
) -> None:
    """Deletes the temporary blobs of a conversion that has ended; all its blobs once it has expired."""
    await cleanup.delete_temporary_blobs(conversion)
    if conversion.expires_at and conversion.expires_at <= now:
        over = await change(store, conversion.id, lambda newest: expired(newest, now))
        await cleanup.delete_bytes(over)
        count("expired")
        get_logger(__name__).info("conversion expired", conversion_id=conversion.id)
