"""State transitions of conversions follow the transition table."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.conversions.lease import Lease, LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.state_machine import TRANSITIONS, IllegalTransition
from converter_service.conversions.transitions.queue import (
    SourceGone,
    claimable,
    claimed,
    earlier_blobs_deleted,
    lease_expired,
    renewed,
    requeued,
    retried,
)
from converter_service.conversions.transitions.removal import (
    bytes_deleted,
    cancelled,
    completed,
    deleted,
    expired,
    failed,
    failed_by,
    temporary_blobs_deleted,
)
from converter_service.conversions.transitions.upload import upload_renewed, uploaded
from tests.support.conversions import (
    LEASE,
    NO_AUDIO,
    NOON,
    RESULT,
    RETENTION,
    converting,
    done,
    failed_one,
    queued,
    uploading,
)

Make = Callable[[], Conversion]
LATER = NOON + LEASE + timedelta(seconds=1)
SECOND_LEASE = Lease("token-2", "worker-2", LATER + LEASE)


def test_every_state_has_its_row_in_the_table() -> None:
    assert set(TRANSITIONS) == set(State)


def test_nothing_leads_out_of_expired() -> None:
    assert TRANSITIONS[State.EXPIRED] == frozenset()


def test_a_completed_conversion_cannot_run_again() -> None:
    assert not claimable(done(), NOON)
    with pytest.raises(IllegalTransition):
        claimed(done(), SECOND_LEASE, "audio-2", NOON)


def test_a_failed_conversion_cannot_complete() -> None:
    with pytest.raises(LeaseLost):
        completed(failed_one(), "token-1", "audio-1", RESULT, now=NOON, retention=RETENTION)


def test_an_upload_cannot_be_claimed_before_all_its_bytes_are_stored() -> None:
    with pytest.raises(IllegalTransition):
        claimed(uploading(), SECOND_LEASE, "audio-2", NOON)


def test_a_held_conversion_cannot_be_claimed_until_its_lease_lapses() -> None:
    assert not claimable(converting(), NOON)
    assert claimable(converting(), LATER)


def test_a_claim_counts_as_an_attempt_and_remembers_where_the_audio_goes() -> None:
    taken = claimed(converting(), SECOND_LEASE, "audio-2", LATER)
    assert taken.attempts == 2
    assert taken.temporary_blobs == ("audio-1", "audio-2")
    assert taken.due_at == SECOND_LEASE.until


@pytest.mark.parametrize(
    "move",
    [
        lambda c: renewed(c, "token-1", LATER, 0.5),
        lambda c: earlier_blobs_deleted(c, "token-1", "audio-1"),
        lambda c: completed(c, "token-1", "audio-1", RESULT, now=LATER, retention=RETENTION),
        lambda c: failed_by(c, "token-1", NO_AUDIO, now=LATER, retention=RETENTION),
        lambda c: requeued(c, "token-1", LATER, attempt_counts=True),
    ],
    ids=["renew", "sweep", "complete", "fail", "hand back"],
)
@pytest.mark.parametrize(
    "after",
    [
        claimed(converting(), SECOND_LEASE, "audio-2", LATER),
        lease_expired(converting(), LATER),
        deleted(converting(), NOON),
        done(2),
    ],
    ids=["claimed by another", "lapsed", "deleted", "completed"],
)
def test_whoever_lost_the_lease_changes_nothing(after: Conversion, move: object) -> None:
    with pytest.raises(LeaseLost):
        move(after)  # type: ignore[operator]


def test_a_run_renews_its_lease_even_after_it_lapsed_if_nobody_took_it() -> None:
    assert renewed(converting(), "token-1", LATER + LEASE, 0.5).due_at == LATER + LEASE


@given(st.lists(st.floats(-1, 2)))
def test_progress_never_goes_back_nor_past_one(shares: list[float]) -> None:
    conversion = converting()
    for share in shares:
        before = conversion.progress
        conversion = renewed(conversion, "token-1", LATER, share)
        assert before <= conversion.progress <= 1


def test_completing_keeps_the_audio_and_leaves_the_rest_to_be_removed_at_once() -> None:
    second = claimed(converting(), SECOND_LEASE, "audio-2", LATER)
    finished = completed(second, "token-2", "audio-2", RESULT, now=LATER, retention=RETENTION)
    assert finished.status is State.COMPLETED
    assert (finished.audio_blob, finished.temporary_blobs) == ("audio-2", ("audio-1",))
    assert finished.due_at == LATER
    assert (
        temporary_blobs_deleted(finished, finished.temporary_blobs).due_at
        == finished.expires_at
        == LATER + RETENTION
    )


def test_handing_back_gives_the_attempt_back_unless_it_failed() -> None:
    assert requeued(converting(), "token-1", NOON, attempt_counts=False).attempts == 0
    assert requeued(converting(), "token-1", NOON, attempt_counts=True).attempts == 1


def test_a_dead_run_counts_as_an_attempt() -> None:
    assert lease_expired(converting(), LATER).attempts == 1


def test_a_run_that_is_alive_does_not_lapse() -> None:
    with pytest.raises(IllegalTransition):
        lease_expired(converting(), NOON)


def test_an_upload_that_was_deleted_meanwhile_does_not_become_a_conversion() -> None:
    gone = deleted(uploading(), NOON)
    with pytest.raises(LeaseLost):
        upload_renewed(gone, LATER)
    with pytest.raises(LeaseLost):
        uploaded(gone, size=1, sha256="", options={}, now=NOON)


def test_deleting_what_is_being_written_waits_for_the_writer() -> None:
    assert deleted(converting(), NOON).due_at == NOON + LEASE
    assert deleted(uploading(), NOON).due_at == uploading().due_at
    assert deleted(done(), NOON).due_at == NOON


def test_deleting_twice_keeps_the_first_time() -> None:
    assert deleted(deleted(done(), NOON), LATER).deleted_at == NOON


def test_an_expired_conversion_is_due_until_its_bytes_are_gone() -> None:
    over = expired(done(), LATER)
    assert over.due_at == LATER
    assert over.blobs == ("source-1", "audio-1")
    assert bytes_deleted(over).blobs == ()
    assert bytes_deleted(over).due_at is None


def test_giving_up_is_possible_from_the_queue_and_from_a_dead_run() -> None:
    for conversion in (queued(), converting()):
        assert failed(conversion, NO_AUDIO, now=NOON, retention=RETENTION).status is State.FAILED


@pytest.mark.parametrize("make", [uploading, queued, converting])
def test_what_has_not_ended_can_be_cancelled_and_nobody_holds_it_any_more(make: Make) -> None:
    over = cancelled(make(), now=NOON, retention=RETENTION)
    assert (over.status, over.lease, over.expires_at) == (State.CANCELLED, None, NOON + RETENTION)
    with pytest.raises(LeaseLost):
        completed(over, "token-1", "audio-1", RESULT, now=NOON, retention=RETENTION)
    with pytest.raises(LeaseLost):
        uploaded(over, size=1, sha256="", options={}, now=NOON)


@pytest.mark.parametrize("make", [done, failed_one])
def test_what_has_ended_cannot_be_cancelled(make: Make) -> None:
    with pytest.raises(IllegalTransition):
        cancelled(make(), now=NOON, retention=RETENTION)


def test_what_a_cancelled_run_may_still_write_is_removed_when_its_lease_has_lapsed() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    assert (over.temporary_blobs, over.due_at) == (("audio-1",), NOON + LEASE)


def test_half_a_video_is_removed_when_its_upload_is_cancelled() -> None:
    over = cancelled(uploading(), now=NOON, retention=RETENTION)
    assert (over.source_blob, over.temporary_blobs, over.due_at) == (None, ("source-1",), uploading().due_at)
    with pytest.raises(SourceGone):
        retried(over, NOON)


def test_another_try_begins_anew_and_keeps_what_is_to_be_removed() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    again = retried(over, LATER)
    assert (again.status, again.attempts, again.progress, again.expires_at) == (State.QUEUED, 0, 0.0, None)
    assert (again.started_at, again.finished_at, again.error) == (None, None, None)
    assert again.temporary_blobs == ("audio-1",)
    assert claimable(again, LATER)


@pytest.mark.parametrize("make", [uploading, queued, converting, done])
def test_only_what_failed_or_was_cancelled_can_be_tried_again(make: Make) -> None:
    with pytest.raises(IllegalTransition):
        retried(make(), NOON)


def test_nothing_is_tried_again_when_its_time_is_over() -> None:
    with pytest.raises(SourceGone):
        retried(failed_one(), NOON + RETENTION)


def test_tidying_up_late_takes_nothing_from_a_new_try() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    running = claimed(retried(over, NOON), SECOND_LEASE, "audio-2", NOON)
    tidy = temporary_blobs_deleted(running, over.temporary_blobs)
    assert (tidy.temporary_blobs, tidy.due_at) == (("audio-2",), SECOND_LEASE.until)


def test_an_edition_is_new_for_what_clients_see_and_for_nothing_else() -> None:
    running = converting()
    still = renewed(running, "token-1", LATER, running.progress)
    assert still.revision == running.revision
    assert renewed(running, "token-1", LATER, 0.5).revision == running.revision + 1
    over = completed(running, "token-1", "audio-1", RESULT, now=NOON, retention=RETENTION)
    assert temporary_blobs_deleted(over, ()).revision == over.revision == running.revision + 1
