"""One conversion and the only moves it can make: pure, no clock, no database."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from converter_service.recipes import recipe
from converter_service.segments import Upload


class State(StrEnum):
    """What a client sees as `status`."""

    UPLOADING = "uploading"
    QUEUED = "queued"
    CONVERTING = "converting"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


MOVES: Final[Mapping[State, frozenset[State]]] = MappingProxyType(
    {
        State.UPLOADING: frozenset({State.QUEUED, State.CANCELLED}),
        State.QUEUED: frozenset({State.CONVERTING, State.FAILED, State.CANCELLED}),
        State.CONVERTING: frozenset({State.QUEUED, State.COMPLETED, State.FAILED, State.CANCELLED}),
        State.COMPLETED: frozenset({State.EXPIRED}),
        State.FAILED: frozenset({State.QUEUED, State.EXPIRED}),
        State.CANCELLED: frozenset({State.QUEUED, State.EXPIRED}),
        State.EXPIRED: frozenset(),
    }
)

# What ends by itself: no more will be heard of it unless somebody asks for another try.
FINAL: Final = frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.EXPIRED})

# A queued conversion whose event the broker lost is announced again after this long.
ANNOUNCE_AGAIN: Final = timedelta(hours=1)
# One that has rested is announced again after this long: the message that was to come back may be lost.
RESTED_FOR_LONG: Final = timedelta(minutes=1)


class IllegalMove(Exception):
    """The table has no such move."""


class SourceGone(Exception):
    """The video has not been kept."""


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


def still_uploading(conversion: Conversion, alive_until: datetime) -> Conversion:
    """Somebody is at it. Raises LeaseLost when it was deleted, swept away or cancelled meanwhile, and
    IllegalMove when all has arrived.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    if conversion.status is not State.UPLOADING:
        raise IllegalMove(f"{conversion.status} is not being uploaded")
    return replace(conversion, due_at=alive_until)


def reserving(conversion: Conversion, size: int) -> Conversion:
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
    """All bytes are stored: ready to be converted. `sha256` is None until somebody has read them in one go.

    Raises LeaseLost when it was deleted or cancelled meanwhile, and IllegalMove when it is queued already.
    """
    if conversion.deleted_at or conversion.status is State.CANCELLED:
        raise LeaseLost
    source = replace(conversion.source, size=size, sha256=sha256)
    return replace(
        _move(conversion, State.QUEUED), source=source, options=options, due_at=now + ANNOUNCE_AGAIN
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


def without_key(conversion: Conversion) -> Conversion:
    """Its idempotency key may be another's from now on."""
    return replace(conversion, idempotency_key=None)


def claimable(conversion: Conversion, now: datetime) -> bool:
    """Waiting and rested, or held by somebody whose lease has lapsed."""
    if conversion.deleted_at:
        return False
    if conversion.status is State.CONVERTING:
        return conversion.lease is None or conversion.lease.until <= now
    return conversion.status is State.QUEUED and not is_resting(conversion, now)


def is_resting(conversion: Conversion, now: datetime) -> bool:
    """Its last run came to nothing, and the next one is not to begin yet."""
    return conversion.rests_until is not None and conversion.rests_until > now


def claimed(conversion: Conversion, lease: Lease, blob_id: str, now: datetime) -> Conversion:
    """A run begins: one more attempt; `blob_id` is where its audio will go."""
    if not claimable(conversion, now):
        raise IllegalMove(f"{conversion.status} cannot be claimed")
    waiting = conversion if conversion.status is State.QUEUED else _move(conversion, State.QUEUED)
    return replace(
        _move(waiting, State.CONVERTING),
        lease=lease,
        attempts=conversion.attempts + 1,
        debris=(*conversion.debris, blob_id),
        started_at=conversion.started_at or now,
        due_at=lease.until,
    )


def renewed(conversion: Conversion, token: str, until: datetime, progress: float) -> Conversion:
    """The run is alive. `progress` (0 to 1) never goes back. Raises LeaseLost."""
    lease = _held(conversion, token)
    alive = replace(conversion, lease=replace(lease, until=until), due_at=until)
    at_least = max(conversion.progress, min(progress, 1.0))
    return alive if at_least == conversion.progress else _news(replace(alive, progress=at_least))


def described(
    conversion: Conversion, token: str, *, duration: float | None, container: str, audio_codec: str | None
) -> Conversion:
    """What probing found out about the source. Raises LeaseLost."""
    _held(conversion, token)
    known = replace(conversion.source, duration=duration, container=container, audio_codec=audio_codec)
    return _news(replace(conversion, source=known))


def read(conversion: Conversion, token: str, sha256: str) -> Conversion:
    """The digest of the whole source. Raises LeaseLost."""
    _held(conversion, token)
    return _news(replace(conversion, source=replace(conversion.source, sha256=sha256)))


def swept(conversion: Conversion, token: str, blob_id: str) -> Conversion:
    """Debris of earlier runs has been removed; only this run's blob remains. Raises LeaseLost."""
    _held(conversion, token)
    return replace(conversion, debris=(blob_id,))


def completed(
    conversion: Conversion, token: str, blob_id: str, result: Result, *, now: datetime, retention: timedelta
) -> Conversion:
    """The audio is stored under `blob_id`. Raises LeaseLost."""
    _held(conversion, token)
    rest = tuple(blob for blob in conversion.debris if blob != blob_id)
    done = _finish(replace(_move(conversion, State.COMPLETED), debris=rest), now, retention)
    return replace(
        done, result=result, error=None, audio_blob=blob_id, progress=1.0, made_after=conversion.recipe
    )


def failed(conversion: Conversion, failure: Failure, *, now: datetime, retention: timedelta) -> Conversion:
    """For good: it will not be tried again by itself."""
    return replace(_finish(_move(conversion, State.FAILED), now, retention), error=failure)


def failed_by(
    conversion: Conversion, token: str, failure: Failure, *, now: datetime, retention: timedelta
) -> Conversion:
    """The same by whoever runs it. Raises LeaseLost."""
    _held(conversion, token)
    return failed(conversion, failure, now=now, retention=retention)


def cancelled(conversion: Conversion, *, now: datetime, retention: timedelta) -> Conversion:
    """Its owner wants no audio of it. Whoever uploads or runs it has nothing in hand any more, and removes
    what it has written; the sweeper does when that one has died. Raises IllegalMove when it has ended.

    A video that had not arrived whole is of no use to another try.
    """
    written_until = being_written_until(conversion)
    over = _move(conversion, State.CANCELLED)
    if conversion.status is State.UPLOADING:
        over = replace(_emptied(over), debris=conversion.blobs, idempotency_key=None)
    over = _finish(over, now, retention)
    return replace(over, due_at=written_until or now) if over.debris else over


def retried(conversion: Conversion, now: datetime) -> Conversion:
    """As if it had never been tried. Raises SourceGone without a video, IllegalMove where there is nothing to
    try again.
    """
    waiting = _move(conversion, State.QUEUED)
    if conversion.status not in {State.FAILED, State.CANCELLED}:
        raise IllegalMove(f"{conversion.status} cannot be tried again")
    if not conversion.source_blobs or (conversion.expires_at and conversion.expires_at <= now):
        raise SourceGone
    return replace(
        waiting,
        progress=0.0,
        error=None,
        attempts=0,
        started_at=None,
        finished_at=None,
        expires_at=None,
        rests_until=None,
        due_at=now + ANNOUNCE_AGAIN,
    )


def handed_back(
    conversion: Conversion,
    token: str,
    now: datetime,
    *,
    attempt_counts: bool,
    rests_until: datetime | None = None,
) -> Conversion:
    """The run ends without an outcome: somebody may take it, at once or when it has rested.

    Raises LeaseLost.
    """
    _held(conversion, token)
    attempts = conversion.attempts if attempt_counts else max(0, conversion.attempts - 1)
    due_at = rests_until + RESTED_FOR_LONG if rests_until else now + ANNOUNCE_AGAIN
    waiting = _move(conversion, State.QUEUED)
    return replace(waiting, lease=None, attempts=attempts, rests_until=rests_until, due_at=due_at)


def holder_of(conversion: Conversion) -> str | None:
    """The worker that has it, or had it until it died."""
    return conversion.lease.worker if conversion.lease else None


def lapsed(conversion: Conversion, now: datetime) -> Conversion:
    """Whoever held it is dead: back into the queue. The attempt counts: it may be what killed them."""
    if conversion.status is not State.CONVERTING or not claimable(conversion, now):
        raise IllegalMove(f"{conversion.status} has not lapsed")
    return replace(_move(conversion, State.QUEUED), lease=None, due_at=now + ANNOUNCE_AGAIN)


def announced_again(conversion: Conversion, now: datetime) -> Conversion:
    return replace(conversion, due_at=now + ANNOUNCE_AGAIN)


def put_off(conversion: Conversion, until: datetime) -> Conversion:
    """It is due, and nothing can be done about it now."""
    return replace(conversion, due_at=until)


def expired(conversion: Conversion, now: datetime) -> Conversion:
    """Retention has passed: the record stays, its bytes go next; until they have, the sweeper comes back."""
    return replace(_move(conversion, State.EXPIRED), due_at=now)


def emptied(conversion: Conversion) -> Conversion:
    """The bytes of an expired conversion are gone."""
    return replace(_emptied(conversion), audio_blob=None, debris=(), due_at=None)


def tidied(conversion: Conversion, gone: Collection[str]) -> Conversion:
    """These blobs of a finished conversion are gone. Meanwhile it may have been tried again: what has come
    since stays.
    """
    rest = tuple(blob for blob in conversion.debris if blob not in gone)
    settled = conversion.status in FINAL and not rest
    return replace(conversion, debris=rest, due_at=conversion.expires_at if settled else conversion.due_at)


def deleted(conversion: Conversion, now: datetime) -> Conversion:
    """Invisible from now on. The sweeper waits until nobody can be writing its bytes any more."""
    return replace(
        _news(conversion),
        deleted_at=conversion.deleted_at or now,
        due_at=being_written_until(conversion) or now,
        idempotency_key=None,
    )


def being_written_until(conversion: Conversion) -> datetime | None:
    """Until when an upload or a run may still store bytes; None when nobody can."""
    if conversion.status is State.UPLOADING and conversion.upload:
        return conversion.upload.writing.until if conversion.upload.writing else None
    if conversion.status is State.UPLOADING:
        return conversion.due_at
    return conversion.lease.until if conversion.lease else None


def _move(conversion: Conversion, target: State) -> Conversion:
    if target not in MOVES[conversion.status]:
        raise IllegalMove(f"{conversion.status} → {target}")
    return _news(replace(conversion, status=target, rests_until=None))


def _emptied(conversion: Conversion) -> Conversion:
    """Without a video."""
    upload = replace(conversion.upload, segments=(), writing=None) if conversion.upload else None
    return replace(conversion, source_blob=None, upload=upload)


def _news(conversion: Conversion) -> Conversion:
    return replace(conversion, edition=conversion.edition + 1)


def _finish(conversion: Conversion, now: datetime, retention: timedelta) -> Conversion:
    until = now + retention
    due = now if conversion.debris else until
    return replace(conversion, lease=None, finished_at=now, expires_at=until, due_at=due)


def _held(conversion: Conversion, token: str) -> Lease:
    lease = conversion.lease
    if conversion.deleted_at or lease is None or lease.token != token:
        raise LeaseLost
    return lease
