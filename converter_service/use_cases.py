"""Builds the use cases of uploads, conversions and downloads for the api process."""

from collections.abc import Mapping
from datetime import timedelta

from converter_service.access import TokenAuthenticator
from converter_service.conversions.bulk import BulkCommands
from converter_service.conversions.commands import ConversionCommands
from converter_service.conversions.quota import Quota, QuotaLimits
from converter_service.conversions.service import Conversions
from converter_service.conversions.signed_links import SignedLinks
from converter_service.downloads.access import AudioAccess
from converter_service.downloads.archive import ArchiveService
from converter_service.downloads.archive_access import ArchiveAccess
from converter_service.infrastructure import Infrastructure
from converter_service.presets.service import Presets
from converter_service.settings import ApiSettings
from converter_service.storage.presets import MongoPresets
from converter_service.tus.limits import ResumableLimits
from converter_service.tus.service import ResumableUploads
from converter_service.uploads.abort import AbortedUploads
from converter_service.uploads.acceptance import Acceptance
from converter_service.uploads.admission import Admission
from converter_service.uploads.idempotency import IdempotencyKeys
from converter_service.uploads.request_body import UploadReceiver
from converter_service.uploads.service import UploadLimits, UploadService
from converter_service.uploads.stored_video import StoredVideos
from shared.clock import utc_now

# An upload whose lease is not renewed for this long is dead: its quota and idempotency key are released.
UPLOAD_SILENCE = timedelta(seconds=20)


def use_cases(
    settings: ApiSettings, infrastructure: Infrastructure, tokens: TokenAuthenticator
) -> Mapping[str, object]:
    """Dependencies of the controllers, by parameter name."""
    store, blobs, cleanup = infrastructure.store, infrastructure.blobs, infrastructure.cleanup
    events, links, clock = infrastructure.events, SignedLinks(settings.link_key), infrastructure.clock
    quota_limits = QuotaLimits(
        max_queued=settings.max_queued,
        account_bytes=settings.quota_bytes,
        account_conversions=settings.quota_conversions,
    )
    quota = Quota(store, infrastructure.queue, quota_limits, infrastructure.processor_quota)
    upload_limits = UploadLimits(settings.max_upload_bytes, UPLOAD_SILENCE)
    resumable_limits = ResumableLimits(settings.max_upload_bytes, settings.upload_ttl)
    conversions = Conversions(store, blobs, cleanup, clock)
    presets = Presets(MongoPresets(infrastructure.database))
    commands = ConversionCommands(
        conversions, store, cleanup, events, links, quota, settings.public_url, settings.retention, clock
    )
    receiver = UploadReceiver(settings.max_upload_bytes, settings.idle_timeout)
    upload_service = UploadService(
        store, blobs, cleanup, events, limits=upload_limits, clock=clock, quota=quota
    )
    keys, aborted = IdempotencyKeys(store, clock), AbortedUploads(store, cleanup, clock)
    stored_videos = StoredVideos(
        store=store,
        conversions=conversions,
        events=events,
        quota=quota,
        keys=keys,
        aborted=aborted,
        admission=Admission(keys, quota, aborted),
        silence=UPLOAD_SILENCE,
        clock=clock,
    )
    return {
        "conversions": conversions,
        "commands": commands,
        "bulk_commands": BulkCommands(conversions, commands),
        "acceptance": Acceptance(receiver, upload_service, stored_videos, presets),
        "presets": presets,
        "uploads": ResumableUploads(
            store, blobs, cleanup, events, limits=resumable_limits, clock=clock, quota=quota
        ),
        "receiver": receiver,
        "access": AudioAccess(conversions, tokens.principal, links, utc_now),
        "archives": ArchiveService(conversions),
        "archive_access": ArchiveAccess(conversions, tokens.principal, links, settings.public_url, utc_now),
    }
