"""One conversion: all that is known about it. What can happen to it is in `moves`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from converter_service.conversions.cache_key import cache_key
from converter_service.conversions.segments import Upload


class State(StrEnum):
    """What a client sees as `status`."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    CONVERTING = "converting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


# What ends by itself: no more will be heard of it unless somebody asks for another try.
FINAL: Final = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.EXPIRED})


class LeaseLost(Exception):
    """The run is somebody else's now, or nobody's: whatever it made must be thrown away."""


class Source(Struct, frozen=True, kw_only=True):
    """The video: `size` in bytes, `duration` in seconds; what is not known yet is None."""

    filename: str
    size: int | None = None
    sha256: str | None = None
    duration: float | None = None
    container: str | None = None
    audio_codec: str | None = None


class Result(Struct, frozen=True, kw_only=True):
    """The audio: `size` in bytes, `duration` in seconds, `bitrate` in bits per second."""

    size: int
    duration: float
    format: str
    bitrate: int | None
    sha256: str


class Failure(Struct, frozen=True):
    """Why a conversion failed: a code of the public contract, and the same in plain words."""

    code: str
    message: str


class Lease(Struct, frozen=True):
    """Who converts it, until when. `token` is new with every claim: it fences off whoever held it before."""

    token: str
    worker: str
    until: datetime


class Conversion(Struct, frozen=True, kw_only=True):
    """Everything known about one conversion; every change is a new value with the same `id`.

    `version` is incremented by the store with every save; saving an older version fails (optimistic locking).
    `revision` is incremented with every change that clients can see: the id of a progress event.
    `due_at` is when the sweeper acts on the conversion unless it has changed before.
    `idempotency_key` is unique, reserved from the first byte of the upload on.
    `upload` is set for a resumable upload: the video is in its segments, otherwise in `source_blob`.
    `retry_at` is the earliest time of the next run after one without a result.
    `result_cache_key` identifies the audio, for reuse; `reserved_bytes` is what an upload may store at most.
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
    result_cache_key: str | None = None
    version: int = 0
    revision: int = 0

    @property
    def blobs(self) -> tuple[str, ...]:
        """Every blob that may hold bytes of this conversion."""
        uploaded = self.upload.blobs if self.upload else ()
        return tuple(
            blob for blob in (self.source_blob, *uploaded, self.audio_blob, *self.temporary_blobs) if blob
        )

    @property
    def referenced_blobs(self) -> tuple[str, ...]:
        """The same, and those that it has given up to another, until that one names them."""
        segments = self.upload.segments if self.upload else ()
        return tuple(dict.fromkeys((*self.blobs, *(segment.blob for segment in segments))))

    @property
    def source_blobs(self) -> tuple[str, ...]:
        """The video's bytes, one blob after the other."""
        if self.upload is not None:
            return tuple(segment.blob for segment in self.upload.segments)
        return (self.source_blob,) if self.source_blob else ()

    @property
    def cache_key(self) -> str | None:
        """What decides its audio; None until the whole video is there."""
        return cache_key(self.source.sha256, self.options) if self.source.sha256 else None

    @property
    def held_bytes(self) -> int:
        """What counts as stored by its owner: the video, or what an upload may bring, and the audio.

        Of an upload that was called off only the announced size is left.
        """
        if self.deleted_at or self.status is State.EXPIRED:
            return 0
        if self.status is State.UPLOADING:
            return self.reserved_bytes
        video = self.source.size or 0 if self.source_blobs else 0
        return video + (self.result.size if self.result else 0)

    @property
    def written_until(self) -> datetime | None:
        """Until when an upload or a run may still store bytes; None when nobody can."""
        if self.status is State.UPLOADING and self.upload:
            return self.upload.writing.until if self.upload.writing else None
        if self.status is State.UPLOADING:
            return self.due_at
        return self.lease.until if self.lease else None

    def lease_of(self, token: str) -> Lease:
        """The lease of the run that this token is of. Raises LeaseLost."""
        if self.deleted_at or self.lease is None or self.lease.token != token:
            raise LeaseLost
        return self.lease


def lease_holder(conversion: Conversion) -> str | None:
    """The worker that has it, or had it until it died."""
    return conversion.lease.worker if conversion.lease else None
