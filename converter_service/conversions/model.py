"""One conversion: all that is known about it. What can happen to it is in `moves`."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from msgspec import Struct

from converter_service.conversions.cache_key import recipe
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

    `version` is the store's: it grows with every save and makes a save from an older value fail. `edition`
    counts what clients can see: it grows with every move and whenever there is something new to tell.
    `due_at` is when the sweeper should look at it, if nothing happened until then.
    `idempotency_key` is no other's: it is taken from the first byte of the upload until it is given free.
    `upload` is there when the video comes in several requests; then its bytes are in the segments of that,
    else in `source_blob`.
    `rests_until` is when it may be tried again after a run that came to nothing.
    `made_after` is the recipe of its audio, `reserved_bytes` how much an upload may bring.
    `debris` are blobs of runs that have not finished (yet); their ids stand here before their first byte is
    stored, so whoever finds a dead run knows what to remove.
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
    debris: tuple[str, ...] = ()
    attempts: int = 0
    lease: Lease | None = None
    rests_until: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    expires_at: datetime | None = None
    deleted_at: datetime | None = None
    correlation_id: str = ""
    idempotency_key: str | None = None
    upload: Upload | None = None
    reserved_bytes: int = 0
    made_after: str | None = None
    version: int = 0
    edition: int = 0

    @property
    def blobs(self) -> tuple[str, ...]:
        """Every blob that may hold bytes of this conversion."""
        uploaded = self.upload.blobs if self.upload else ()
        return tuple(blob for blob in (self.source_blob, *uploaded, self.audio_blob, *self.debris) if blob)

    @property
    def named_blobs(self) -> tuple[str, ...]:
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
    def recipe(self) -> str | None:
        """What decides its audio; None until the whole video is there."""
        return recipe(self.source.sha256, self.options) if self.source.sha256 else None

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

    def held_by(self, token: str) -> Lease:
        """The lease of the run that this token is of. Raises LeaseLost."""
        if self.deleted_at or self.lease is None or self.lease.token != token:
            raise LeaseLost
        return self.lease


def holder_of(conversion: Conversion) -> str | None:
    """The worker that has it, or had it until it died."""
    return conversion.lease.worker if conversion.lease else None
