"""State transitions of conversions follow the transition table."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from converter_service.conversions.lease import Lease, LeaseLost
from converter_service.conversions.model import Conversion, State
from converter_service.conversions.state_machine import TRANSITIONS, IllegalTransition
from converter_service.conversions.transitions.finish import cancelled, completed, failed, failed_by
from converter_service.conversions.transitions.queue import (
    SourceGone,
    claimable,
    lease_expired,
    requeued,
    retried,
)
from converter_service.conversions.transitions.removal import (
    bytes_deleted,
    deleted,
    expired,
    temporary_blobs_deleted,
)
from converter_service.conversions.transitions.run import claimed, earlier_blobs_deleted, renewed
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


def test_expired_is_a_final_state() -> None:
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
def test_a_run_without_the_lease_changes_nothing(after: Conversion, move: object) -> None:
    with pytest.raises(LeaseLost):
        move(after)  # type: ignore[operator]


def test_an_expired_lease_can_be_renewed_unless_claimed_by_another_run() -> None:
    assert renewed(converting(), "token-1", LATER + LEASE, 0.5).due_at == LATER + LEASE


@given(st.lists(st.floats(-1, 2)))
def test_progress_is_monotonic_and_at_most_one(shares: list[float]) -> None:
    conversion = converting()
    for share in shares:
        before = conversion.progress
        conversion = renewed(conversion, "token-1", LATER, share)
        assert before <= conversion.progress <= 1


def test_completion_keeps_the_audio_and_schedules_the_rest_for_removal() -> None:
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


def test_a_released_run_counts_as_an_attempt_only_if_it_failed() -> None:
    assert requeued(converting(), "token-1", NOON, attempt_counts=False).attempts == 0
    assert requeued(converting(), "token-1", NOON, attempt_counts=True).attempts == 1


def test_an_expired_run_counts_as_an_attempt() -> None:
    assert lease_expired(converting(), LATER).attempts == 1


def test_a_run_with_a_valid_lease_does_not_expire() -> None:
    with pytest.raises(IllegalTransition):
        lease_expired(converting(), NOON)


def test_an_upload_that_was_deleted_meanwhile_does_not_become_a_conversion() -> None:
    gone = deleted(uploading(), NOON)
    with pytest.raises(LeaseLost):
        upload_renewed(gone, LATER)
    with pytest.raises(LeaseLost):
        uploaded(gone, size=1, sha256="", options={}, now=NOON)


def test_deletion_of_an_upload_waits_for_its_writer() -> None:
    assert deleted(converting(), NOON).due_at == NOON + LEASE
    assert deleted(uploading(), NOON).due_at == uploading().due_at
    assert deleted(done(), NOON).due_at == NOON


def test_a_second_deletion_keeps_the_first_time_stamp() -> None:
    assert deleted(deleted(done(), NOON), LATER).deleted_at == NOON


def test_an_expired_conversion_is_due_until_its_bytes_are_gone() -> None:
    over = expired(done(), LATER)
    assert over.due_at == LATER
    assert over.blobs == ("source-1", "audio-1")
    assert bytes_deleted(over).blobs == ()
    assert bytes_deleted(over).due_at is None


def test_queued_conversions_and_expired_runs_can_be_failed() -> None:
    for conversion in (queued(), converting()):
        assert failed(conversion, NO_AUDIO, now=NOON, retention=RETENTION).status is State.FAILED


@pytest.mark.parametrize("make", [uploading, queued, converting])
def test_an_unfinished_conversion_can_be_cancelled_and_loses_its_lease(make: Make) -> None:
    over = cancelled(make(), now=NOON, retention=RETENTION)
    assert (over.status, over.lease, over.expires_at) == (State.CANCELLED, None, NOON + RETENTION)
    with pytest.raises(LeaseLost):
        completed(over, "token-1", "audio-1", RESULT, now=NOON, retention=RETENTION)
    with pytest.raises(LeaseLost):
        uploaded(over, size=1, sha256="", options={}, now=NOON)


@pytest.mark.parametrize("make", [done, failed_one])
def test_a_finished_conversion_cannot_be_cancelled(make: Make) -> None:
    with pytest.raises(IllegalTransition):
        cancelled(make(), now=NOON, retention=RETENTION)


def test_output_of_a_cancelled_run_is_removed_after_its_lease() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    assert (over.temporary_blobs, over.due_at) == (("audio-1",), NOON + LEASE)


def test_an_incomplete_video_is_removed_when_its_upload_is_cancelled() -> None:
    over = cancelled(uploading(), now=NOON, retention=RETENTION)
    assert (over.source_blob, over.temporary_blobs, over.due_at) == (None, ("source-1",), uploading().due_at)
    with pytest.raises(SourceGone):
        retried(over, NOON)


def test_a_retry_resets_the_run_and_keeps_blobs_to_be_removed() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    again = retried(over, LATER)
    assert (again.status, again.attempts, again.progress, again.expires_at) == (State.QUEUED, 0, 0.0, None)
    assert (again.started_at, again.finished_at, again.error) == (None, None, None)
    assert again.temporary_blobs == ("audio-1",)
    assert claimable(again, LATER)


@pytest.mark.parametrize("make", [uploading, queued, converting, done])
def test_only_failed_or_cancelled_conversions_can_be_retried(make: Make) -> None:
    with pytest.raises(IllegalTransition):
        retried(make(), NOON)


def test_an_expired_conversion_cannot_be_retried() -> None:
    with pytest.raises(SourceGone):
        retried(failed_one(), NOON + RETENTION)


def test_a_late_cleanup_does_not_affect_a_retry() -> None:
    over = cancelled(converting(), now=NOON, retention=RETENTION)
    running = claimed(retried(over, NOON), SECOND_LEASE, "audio-2", NOON)
    tidy = temporary_blobs_deleted(running, over.temporary_blobs)
    assert (tidy.temporary_blobs, tidy.due_at) == (("audio-2",), SECOND_LEASE.until)


def test_the_revision_changes_with_client_visible_fields_only() -> None:
    running = converting()
    still = renewed(running, "token-1", LATER, running.progress)
    assert still.revision == running.revision
    assert renewed(running, "token-1", LATER, 0.5).revision == running.revision + 1
    over = completed(running, "token-1", "audio-1", RESULT, now=NOON, retention=RETENTION)
    assert temporary_blobs_deleted(over, ()).revision == over.revision == running.revision + 1
