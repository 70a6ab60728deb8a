"""Sample conversions in every state, made by the converter's own transitions."""

from datetime import UTC, datetime, timedelta

from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, Failure, Result, Source, State
from converter_service.conversions.public_paths import PublicPaths
from converter_service.conversions.segments import Segment, Upload
from converter_service.conversions.transitions.finish import completed, failed
from converter_service.conversions.transitions.run import claimed
from converter_service.conversions.transitions.upload import uploaded, with_reserved_bytes

PATHS = PublicPaths("http://127.0.0.1:8000")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
RETENTION = timedelta(days=7)
LEASE = timedelta(seconds=15)
RESULT = Result(size=99, duration=2.0, format="mp3", bitrate=192_000, sha256="b" * 64)
NO_AUDIO = Failure("no_audio_track", "The video has no audio track.")


def uploading(number: int = 1, *, owner_id: str = "alice", at: datetime = NOON) -> Conversion:
    """A conversion being uploaded; ids sort by `number`."""
    return Conversion(
        id=f"{number:032x}",
        owner_id=owner_id,
        recipient=f"{owner_id}@example.com",
        status=State.UPLOADING,
        source=Source(filename="talk.mp4"),
        source_blob=f"source-{number}",
        created_at=at,
        due_at=at + timedelta(minutes=2),
        options={},
        correlation_id=f"request-{number}",
    )


def resumable(
    number: int = 1,
    *,
    owner_id: str = "alice",
    at: datetime = NOON,
    concat: str = "",
    segments: tuple[Segment, ...] = (Segment("first", 5),),
    length: int = 10,
) -> Conversion:
    """A resumable upload with these segments."""
    upload = Upload(
        length=length, expires_at=at + timedelta(days=1), metadata="x", concat=concat, segments=segments
    )
    return Conversion(
        id=f"{number:032x}",
        owner_id=owner_id,
        recipient=f"{owner_id}@example.com",
        status=State.UPLOADING,
        source=Source(filename="talk.mp4", size=length),
        source_blob=None,
        created_at=at,
        due_at=upload.expires_at,
        options={"format": "mp3", "bitrate": "192k"},
        correlation_id=f"request-{number}",
        upload=upload,
        reserved_bytes=0 if upload.is_final else length,
    )


def reserved(number: int = 1, size: int = 1000, *, owner_id: str = "alice") -> Conversion:
    """A conversion being uploaded with `size` reserved bytes."""
    return with_reserved_bytes(uploading(number, owner_id=owner_id), size)


def queued(number: int = 1, *, owner_id: str = "alice", at: datetime = NOON) -> Conversion:
    begun = uploading(number, owner_id=owner_id, at=at)
    return uploaded(begun, size=123, sha256="a" * 64, options={"format": "mp3", "bitrate": "192k"}, now=at)


def converting(
    number: int = 1, *, token: str = "token-1", at: datetime = NOON, owner_id: str = "alice"
) -> Conversion:
    lease = Lease(token, "worker-1", at + LEASE)
    return claimed(queued(number, owner_id=owner_id, at=at), lease, f"audio-{number}", at)


def done(number: int = 1, *, at: datetime = NOON, owner_id: str = "alice") -> Conversion:
    running = converting(number, at=at, owner_id=owner_id)
    return completed(running, "token-1", f"audio-{number}", RESULT, now=at, retention=RETENTION)


def failed_one(number: int = 1, *, at: datetime = NOON, owner_id: str = "alice") -> Conversion:
    return failed(converting(number, at=at, owner_id=owner_id), NO_AUDIO, now=at, retention=RETENTION)
