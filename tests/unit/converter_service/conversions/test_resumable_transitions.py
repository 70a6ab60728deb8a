"""Transitions of resumable uploads: writers, segments, completion and concatenation."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from converter_service.conversions.lease import LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.segments import Segment, SegmentWriter
from converter_service.conversions.transitions.concatenation import (
    assigned_to_final,
    concatenated,
    released_from_final,
)
from converter_service.conversions.transitions.finish import cancelled
from converter_service.conversions.transitions.removal import deleted
from converter_service.conversions.transitions.resumable import (
    segment_discarded,
    segment_stored,
    upload_of,
    writer_acquired,
    writer_renewed,
)
from converter_service.errors import PartAlreadyUsed, UploadLocked, WrongOffset
from tests.support.conversions import NOON, resumable

DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
UNTIL = NOON + 5 * SECOND


def taken(conversion: Conversion, blob: str = "w1", *, small: int = 0, offset: int = 5) -> Conversion:
    return writer_acquired(conversion, SegmentWriter(blob, UNTIL), offset=offset, small=small, removed=())


def ended(conversion: Conversion, blob: str, size: int) -> Conversion:
    return segment_stored(conversion, blob, size, now=NOON, ttl=DAY)


def test_a_segment_counts_once_it_is_sealed() -> None:
    written = taken(resumable())
    assert upload_of(written).offset == 5
    longer = upload_of(ended(written, "w1", 3))
    assert (longer.offset, longer.writing, longer.is_complete) == (8, None, False)


def test_an_upload_has_one_writer_at_a_time() -> None:
    with pytest.raises(UploadLocked):
        taken(taken(resumable()), "w2")


@pytest.mark.parametrize("offset", [0, 4, 6])
def test_a_chunk_starts_at_the_upload_offset(offset: int) -> None:
    with pytest.raises(WrongOffset):
        taken(resumable(), offset=offset)


def test_a_stale_writer_cannot_seal_extend_or_discard() -> None:
    later = taken(ended(taken(resumable()), "w1", 2), "w2", offset=7)
    with pytest.raises(LeaseLost):
        ended(later, "w1", 5)
    with pytest.raises(LeaseLost):
        writer_renewed(later, "w1", UNTIL)
    with pytest.raises(LeaseLost):
        segment_discarded(later, "w1")


def test_the_last_byte_queues_the_conversion() -> None:
    whole = ended(taken(resumable()), "w1", 5)
    assert (whole.status, whole.source.size, whole.source.sha256) == (State.QUEUED, 10, None)
    assert whole.source_blobs == ("first", "w1")


def test_the_last_byte_of_a_part_does_not() -> None:
    assert ended(taken(resumable(concat="partial")), "w1", 5).status is State.UPLOADING


def test_a_small_last_segment_is_rewritten_with_the_next_chunk() -> None:
    written = taken(resumable(segments=(Segment("big", 3), Segment("tail", 2))), small=3)
    writing = upload_of(written).writing
    assert writing is not None
    assert writing.repeats == 2
    longer = ended(written, "w1", 4)
    assert upload_of(longer).segments == (Segment("big", 3), Segment("w1", 4))
    assert longer.temporary_blobs == ("tail",)


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_last_segment_that_was_not_rewritten_is_kept(size: int) -> None:
    unchanged = ended(taken(resumable(segments=(Segment("big", 3), Segment("tail", 2))), small=3), "w1", size)
    assert upload_of(unchanged).segments == (Segment("big", 3), Segment("tail", 2))
    assert (upload_of(unchanged).writing, unchanged.temporary_blobs) == (None, ("w1",))


def test_every_blob_is_referenced_from_creation_to_removal() -> None:
    new_resumable_upload = resumable(segments=(Segment("tail", 5),))
    written = taken(new_resumable_upload, small=6)
    assert set(written.blobs) == {"tail", "w1"}
    longer = ended(written, "w1", 7)
    assert set(longer.blobs) == {"tail", "w1"}
    again = writer_acquired(longer, SegmentWriter("w2", UNTIL), offset=7, small=0, removed=("tail",))
    assert set(again.blobs) == {"w1", "w2"}
    assert set(segment_discarded(again, "w2").blobs) == {"w1", "w2"}


def test_an_upload_does_not_expire_while_a_writer_may_be_active() -> None:
    late = NOON + 2 * DAY
    written = writer_acquired(resumable(), SegmentWriter("w1", late), offset=5, small=0, removed=())
    assert written.due_at == late
    assert written.written_until == late
    assert segment_discarded(written, "w1").due_at == NOON + DAY


def test_each_request_extends_the_expiry() -> None:
    later = segment_stored(taken(resumable()), "w1", 1, now=NOON + 3 * DAY, ttl=DAY)
    assert upload_of(later).expires_at == later.due_at == NOON + 4 * DAY


def test_a_deleted_upload_accepts_no_more_bytes() -> None:
    for gone in (deleted(resumable(), NOON), replace(resumable(), status=State.CANCELLED)):
        with pytest.raises(LeaseLost):
            taken(gone)


WHOLE = resumable(concat="partial", segments=(Segment("a", 4), Segment("b", 6)))


def test_partial_uploads_transfer_their_blobs_to_one_final_upload() -> None:
    given = assigned_to_final(WHOLE, "final")
    assert given.blobs == ()
    assert assigned_to_final(given, "final") == given
    with pytest.raises(PartAlreadyUsed):
        assigned_to_final(given, "another")
    final = concatenated(resumable(2, segments=(), concat="final;x"), upload_of(given).segments, NOON)
    assert (final.status, final.source_blobs) == (State.QUEUED, ("a", "b"))


def test_blobs_of_a_failed_concatenation_are_returned() -> None:
    given = assigned_to_final(WHOLE, "final")
    back = released_from_final(given, "final", NOON)
    assert (back.blobs, back.held_bytes) == (WHOLE.blobs, 10)
    assert assigned_to_final(back, "another").blobs == ()


def test_blobs_are_not_returned_from_another_upload_or_after_expiry() -> None:
    given = assigned_to_final(WHOLE, "final")
    for final, moment in (("another", NOON), ("final", NOON + DAY)):
        with pytest.raises(LeaseLost):
            released_from_final(given, final, moment)


def test_a_cancelled_upload_uses_no_quota() -> None:
    over = cancelled(taken(resumable()), now=NOON, retention=DAY)
    assert (over.status, over.held_bytes) == (State.CANCELLED, 0)


def test_only_complete_partial_uploads_can_be_concatenated() -> None:
    for other in (resumable(), resumable(concat="partial"), resumable(concat="final;x")):
        with pytest.raises(PartAlreadyUsed):
            assigned_to_final(other, "final")


def test_all_segments_but_the_last_are_large_for_any_chunk_size() -> None:
    upload, size, small = resumable(segments=(), length=100_000), 0, 1000
    for number in range(500):
        blob, more = f"w{number}", 1 + (number * 37) % 150
        written = writer_acquired(
            upload, SegmentWriter(blob, UNTIL), offset=size, small=small, removed=upload.temporary_blobs
        )
        writing = upload_of(written).writing
        assert writing is not None
        upload, size = ended(written, blob, writing.repeats + more), size + more
    segments = upload_of(upload).segments
    assert all(segment.size >= small for segment in segments[:-1])
    assert upload_of(upload).offset == size
    assert len(upload.temporary_blobs) <= 1
