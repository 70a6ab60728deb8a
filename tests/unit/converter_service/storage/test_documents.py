"""Stored documents keep their field names: a running system's data depends on them."""

from datetime import UTC, datetime

import bson
from bson.codec_options import CodecOptions

from converter_service.conversions.lease import Lease
from converter_service.conversions.model import Conversion, Failure, Result, Source, SourceTrack, State
from converter_service.conversions.segments import Segment, SegmentWriter, Upload
from converter_service.media.media_info import TrackKind
from converter_service.storage.documents import conversion_of, document_of

WITH_ZONE = CodecOptions[dict[str, object]](tz_aware=True)
NOW = datetime(2030, 1, 1, 12, tzinfo=UTC)

TRACK = SourceTrack(
    index=0, language="deu", title="T", codec="aac", channels=2, default=True, kind=TrackKind.DUB
)
CONVERSION = Conversion(
    id="c1",
    owner_id="o1",
    recipient="a@example.org",
    status=State.CONVERTING,
    source=Source(
        filename="a.mp4",
        size=5,
        sha256="ab",
        duration=1.5,
        container="mov",
        audio_codec="aac",
        audio_tracks=(TRACK,),
    ),
    source_blob="b0",
    created_at=NOW,
    due_at=NOW,
    options={"bitrate": 128},
    progress=0.5,
    result=Result(size=3, duration=1.5, format="mp3", bitrate=128000, sha256="cd", gaps=0.5, crc32=7),
    error=Failure("no_audio", "No audio."),
    audio_blob="b1",
    details_blob="b5",
    temporary_blobs=("b2",),
    attempts=2,
    lease=Lease("t", "w", NOW),
    retry_at=NOW,
    started_at=NOW,
    finished_at=NOW,
    expires_at=NOW,
    deleted_at=NOW,
    correlation_id="r1",
    idempotency_key="k1",
    upload=Upload(
        length=5,
        expires_at=NOW,
        metadata="filename YQ==",
        concat="partial",
        segments=(Segment("b3", 4),),
        writing=SegmentWriter(blob="b4", until=NOW, repeats=1, verified=True),
        joined_into="c2",
    ),
    reserved_bytes=7,
    recipient_verified=True,
    title="Talk",
    result_cache_key="ef",
    links_ended=2,
    links_reset_at=NOW,
    version=3,
    revision=4,
)

DOCUMENT = {
    "_id": "c1",
    "owner_id": "o1",
    "recipient": "a@example.org",
    "status": "converting",
    "source": {
        "filename": "a.mp4",
        "size": 5,
        "sha256": "ab",
        "duration": 1.5,
        "container": "mov",
        "audio_codec": "aac",
        "audio_tracks": [
            {
                "index": 0,
                "language": "deu",
                "title": "T",
                "codec": "aac",
                "channels": 2,
                "default": True,
                "kind": "dub",
            }
        ],
    },
    "source_blob": "b0",
    "created_at": NOW,
    "due_at": NOW,
    "options": {"bitrate": 128},
    "progress": 0.5,
    "result": {
        "size": 3,
        "duration": 1.5,
        "format": "mp3",
        "bitrate": 128000,
        "sha256": "cd",
        "gaps": 0.5,
        "crc32": 7,
    },
    "error": {"code": "no_audio", "message": "No audio."},
    "audio_blob": "b1",
    "details_blob": "b5",
    "debris": ["b2"],
    "attempts": 2,
    "lease": {"token": "t", "worker": "w", "until": NOW},
    "rests_until": NOW,
    "started_at": NOW,
    "finished_at": NOW,
    "expires_at": NOW,
    "deleted_at": NOW,
    "correlation_id": "r1",
    "idempotency_key": "k1",
    "upload": {
        "length": 5,
        "expires_at": NOW,
        "metadata": "filename YQ==",
        "concat": "partial",
        "segments": [{"blob": "b3", "size": 4}],
        "writing": {"blob": "b4", "until": NOW, "repeats": 1, "verified": True},
        "joined_into": "c2",
        "is_deferred": False,
    },
    "reserved_bytes": 7,
    "recipient_verified": True,
    "title": "Talk",
    "shared_blobs": [],
    "counts_video": True,
    "made_after": "ef",
    "links_ended": 2,
    "links_reset_at": NOW,
    "version": 3,
    "edition": 4,
    "blobs": ["b0", "b1", "b5", "b2", "b3"],
    "held_bytes": 0,
    "search_text": "Talk\na.mp4",
}


def test_a_conversion_is_stored_under_these_names() -> None:
    assert bson.decode(bson.encode(document_of(CONVERSION)), WITH_ZONE) == DOCUMENT


def test_a_stored_document_is_read_back_as_the_same_conversion() -> None:
    assert conversion_of(dict(DOCUMENT)) == CONVERSION
