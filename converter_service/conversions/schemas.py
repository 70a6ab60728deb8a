"""Representations of conversions in responses."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import UNSET, Struct, structs

from converter_service.conversions.bulk import Outcome
from converter_service.conversions.model import Conversion, Failure, Result, Source
from converter_service.conversions.public_paths import PublicPaths
from converter_service.media.option_parser import display_stored
from shared.contracts.conversions import Audio, BulkError
from shared.errors import ServiceError


class ConversionView(Struct, frozen=True, kw_only=True):
    """A conversion as clients see it; null until known."""

    id: str
    status: str
    progress: float
    title: str | None
    source: Source
    options: Mapping[str, str | int | float]
    result: Audio | None
    error: Failure | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None


class ManagedConversion(ConversionView, frozen=True, kw_only=True):
    """A conversion as administrators see it: with the id of its owner."""

    owner_id: str


class BulkOutcome(Struct, frozen=True, kw_only=True):
    """The outcome for one of several conversions."""

    id: str
    status: int
    conversion: ConversionView | None
    error: BulkError | None


class BulkOutcomes(Struct, frozen=True):
    items: list[BulkOutcome]


class Page(Struct, frozen=True):
    """`next_cursor` is null on the last page."""

    items: list[ConversionView]
    next_cursor: str | None


class ManagedPage(Struct, frozen=True):
    items: list[ManagedConversion]
    next_cursor: str | None


def page(found: Sequence[Conversion], limit: int, paths: PublicPaths) -> Page:
    """A page from `limit` + 1 conversions: the extra one shows that there is a next page."""
    return Page([to_view(each, paths) for each in found[:limit]], _next(found, limit))


def managed_page(found: Sequence[Conversion], limit: int, paths: PublicPaths) -> ManagedPage:
    return ManagedPage([managed(each, paths) for each in found[:limit]], _next(found, limit))


def managed(conversion: Conversion, paths: PublicPaths) -> ManagedConversion:
    return ManagedConversion(**structs.asdict(to_view(conversion, paths)), owner_id=conversion.owner_id)


def to_view(conversion: Conversion, paths: PublicPaths) -> ConversionView:
    return ConversionView(
        id=conversion.id,
        status=conversion.status.value,
        progress=round(conversion.progress, 4),
        title=conversion.title,
        source=conversion.source,
        options=display_stored(conversion.options),
        result=_result(conversion.result, paths.audio(conversion.id)),
        error=conversion.error,
        created_at=conversion.created_at,
        started_at=conversion.started_at,
        finished_at=conversion.finished_at,
        expires_at=conversion.expires_at,
    )


def bulk_outcome(outcome: Outcome, paths: PublicPaths) -> BulkOutcome:
    done = outcome.conversion
    return BulkOutcome(
        id=outcome.conversion_id,
        status=outcome.status,
        conversion=to_view(done, paths) if done else None,
        error=_error(outcome.error) if outcome.error else None,
    )


def _error(error: ServiceError) -> BulkError:
    return BulkError(error.code, error.detail, error.retry_after_s)


def _next(found: Sequence[Conversion], limit: int) -> str | None:
    return found[limit - 1].id if len(found) > limit else None


def _result(result: Result | None, url: str) -> Audio | None:
    if result is None:
        return None
    known = structs.asdict(result)
    gaps, _ = known.pop("gaps") or UNSET, known.pop("crc32")
    return Audio(**known, gaps=gaps, url=url)
