"""The conversion record and its states. State transitions are in `state_machine` and `transitions`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from converter_service.conversions.cache_key import cache_key_of
from converter_service.conversions.lease import Lease, LeaseLost
from converter_service.conversions.segments import Upload
from converter_service.media.media_info import TrackKind


class State(StrEnum):
    """The state of a conversion; clients see it as `status`."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    CONVERTING = "converting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


# States without further progress, unless the owner retries.
FINAL: Final = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.EXPIRED})


class SourceTrack(Struct, frozen=True, kw_only=True):
    """An audio track of the video; `index` is the option `audio_track` that chooses it."""

    index: int
    language: str | None
    title: str | None
    codec: str
    channels: int | None
    default: bool
    kind: TrackKind


class Source(Struct, frozen=True, kw_only=True):
    """The uploaded video: `size` in bytes, `duration` in seconds; None until known."""

    filename: str
    size: int | None = None
    sha256: str | None = None
    duration: float | None = None
    container: str | None = None
    audio_codec: str | None = None
    audio_tracks: tuple[SourceTrack, ...] | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The audio: `size` in bytes, `duration` in seconds, `bitrate` in bits per second. `gaps` is None or the
    seconds of the source that have no sound although there should be some; `crc32` is that of archives, None
    in records that were stored before the attribute existed.
    """

    size: int
    duration: float
    format: str
    bitrate: int | None
    sha256: str
    gaps: float | None = None
    crc32: int | None = None


class Failure(Struct, frozen=True):
    """Why a conversion failed: an error code of the public contract and a message for people."""

    code: str
    message: str


class Conversion(Struct, frozen=True, kw_only=True):
    """An immutable conversion record; each change creates a new value with the same `id`.

    `recipient` is the email address for notifications; none are sent when it is empty. `recipient_verified`
    is None in records that were stored before the attribute existed.
    `version` is incremented by the store with every save; saving an older version fails (optimistic locking).
    `revision` is incremented with every change that clients can see: the id of a progress event.
    `due_at` is when the sweeper acts on the conversion unless it has changed before.
    `idempotency_key` is unique, reserved from the first byte of the upload on.
    `upload` is set for a resumable upload: the video is in its segments, otherwise in `source_blob`.
    `retry_at` is the earliest time of the next run after one without a result.
    `result_cache_key` identifies the audio, for reuse; `reserved_bytes` is what an upload may store at most,
    and then the expected size of the audio that is being made.
    `title` is the name that the owner has given it, in place of the file's.
    `shared_blobs` are those of another conversion's video that this one converts again, in their order. Among
    the conversions of one video, `counts_video` is true for the one whose bytes it is in the quota.
    `links_ended` counts how often the owner has ended the links to the audio; it is part of their signatures.
    `links_reset_at` is when a reset of the password last did so.
    `details_blob` has the result's waveform and chapters.
    `temporary_blobs` are to be deleted when the conversion ends, except the one that becomes the audio. An id
    is recorded here before its first byte is stored, so that nothing is lost track of in a crash.
    """

    id: str
    owner_id: str
    recipient: str
    status: State
    source: Source
    source_blob: str | None
    created_at: datetime
    due_at: datetime | None
    options: Mapping[str, str | int | float]
    progress: float = 0.0
    result: Result | None = None
    error: Failure | None = None
    audio_blob: str | None = None
    details_blob: str | None = None
    temporary_blobs: tuple[str, ...] = ()
    attempts: int = 0
    lease: Lease | None = None
    retry_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    correlation_id: str = ""
    idempotency_key: str | None = None
    upload: Upload | None = None
    reserved_bytes: int = 0
    recipient_verified: bool | None = None
    title: str | None = None
    shared_blobs: tuple[str, ...] = ()
    counts_video: bool = True
    result_cache_key: str | None = None
    links_ended: int = 0
    links_reset_at: datetime | None = None
    version: int = 0
    revision: int = 0

    @property
    def blobs(self) -> tuple[str, ...]:
        """All blobs that may hold bytes of this conversion. Those of its video others may use as well, once
        it is complete: `Cleanup` keeps them then.
        """
        uploaded = self.upload.blobs if self.upload else ()
        held = (self.source_blob, *uploaded, self.audio_blob, self.details_blob, *self.temporary_blobs)
        return tuple(blob for blob in held if blob)

    @property
    def referenced_blobs(self) -> tuple[str, ...]:
        """`blobs`, those of another conversion's video, and the segments that were assigned to a final upload
        which does not list them yet.
        """
        segments = self.upload.segments if self.upload else ()
        assigned = (segment.blob for segment in segments)
        return tuple(dict.fromkeys((*self.blobs, *self.shared_blobs, *assigned)))

    @property
    def source_blobs(self) -> tuple[str, ...]:
        """The blobs that form the video when concatenated."""
        if self.upload is not None:
            return tuple(segment.blob for segment in self.upload.segments)
        return (self.source_blob,) if self.source_blob else self.shared_blobs

    @property
    def cache_key(self) -> str | None:
        """The key under which an equal audio is found; None until the digest of the video is known."""
        return cache_key_of(self.source.sha256, self.options) if self.source.sha256 else None

    @property
    def held_bytes(self) -> int:
        """Bytes that count against the owner's quota: video plus audio, or the reservations for them. A video
        that several conversions use counts once.
        """
        if self.deleted_at or self.status is State.EXPIRED:
            return 0
        if self.status is State.UPLOADING:
            return self.reserved_bytes
        video = self.source.size or 0 if self.source_blobs and self.counts_video else 0
        if self.status is State.CONVERTING:
            return video + self.reserved_bytes
        return video + (self.result.size if self.result else 0)

    @property
    def written_until(self) -> datetime | None:
        """When the lease of the current upload or run expires; None when nothing can be written any more."""
        if self.status is State.UPLOADING and self.upload:
            return self.upload.writing.until if self.upload.writing else None
        if self.status is State.UPLOADING:
            return self.due_at
        return self.lease.until if self.lease else None

    @property
    def worker(self) -> str | None:
        """The worker that holds the lease, or held the expired one."""
        return self.lease.worker if self.lease else None

    def lease_of(self, token: str) -> Lease:
        """The lease, if it has this token. Raises LeaseLost otherwise."""
        if self.deleted_at or self.lease is None or self.lease.token != token:
            raise LeaseLost
        return self.lease
