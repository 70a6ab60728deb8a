"""The readiness monitor reports wrong responses of `/readyz`, and only those."""

import pytest

from tests.faults.expected_readiness import ANSWERED_WITHIN_S, KNOWN_AFTER_S, THROUGH_ANOTHER_S, lacking
from tests.faults.readiness_monitor import BUSY_S, PROBE_S, SNAPSHOT_EVERY_S, ProbeResult, Snapshot, judged

LONG_S = 10 * THROUGH_ANOTHER_S


def seen(*broken: str, since: float = 0.0) -> list[Snapshot]:
    """Snapshots of LONG_S seconds in which the given parts are broken from `since` on."""
    moments = [number * SNAPSHOT_EVERY_S for number in range(int(LONG_S / SNAPSHOT_EVERY_S))]
    return [Snapshot(at, frozenset(broken) if at >= since else frozenset()) for at in moments]


def calm(*, apart_s: float = SNAPSHOT_EVERY_S) -> list[Snapshot]:
    return [Snapshot(number * apart_s, frozenset(), is_calm=True) for number in range(int(LONG_S / apart_s))]


def ready(name: str, at: float = LONG_S / 2) -> ProbeResult:
    return ProbeResult(name, at, 0.1, is_ready=True)


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("auth", "postgres"),
        ("gateway-2", "postgres"),
        ("gateway", "gateway>auth"),
        ("gateway", "auth>postgres"),
        ("worker-2", "worker-2>rabbitmq"),
        ("notification", "mongo"),
    ],
)
def test_a_service_ready_without_a_required_dependency_is_found(name: str, broken: str) -> None:
    assert judged(ready(name), seen(broken))


@pytest.mark.parametrize(
    ("name", "broken"),
    [("gateway", "gateway-2>auth"), ("gateway", "rabbitmq"), ("notification", "mail"), ("auth", "mongo")],
)
def test_a_service_may_be_ready_without_an_optional_dependency(name: str, broken: str) -> None:
    assert not judged(ready(name), seen(broken))


def test_a_late_readiness_change_is_tolerated_within_the_detection_time() -> None:
    at = LONG_S / 2
    assert not judged(ready("auth", at), seen("postgres", since=at - KNOWN_AFTER_S / 2))
    assert not judged(ready("gateway", at), seen("postgres", since=at - KNOWN_AFTER_S - 2 * PROBE_S + 0.1))


def test_a_dependency_restored_before_the_response_counts_as_available() -> None:
    at = LONG_S / 2
    thawed = [
        moment if moment.at < at + 2.0 else Snapshot(moment.at, frozenset()) for moment in seen("rabbitmq")
    ]
    assert not judged(ProbeResult("worker", at, 2.1, is_ready=True), thawed)
    assert judged(ProbeResult("worker", at, 0.1, is_ready=True), thawed)


def test_a_failed_direct_dependency_is_detected_sooner() -> None:
    at = LONG_S / 2
    assert judged(ready("auth", at), seen("postgres", since=at - KNOWN_AFTER_S - PROBE_S - SNAPSHOT_EVERY_S))


def test_an_unready_service_without_a_fault_is_found() -> None:
    said = ProbeResult("auth", LONG_S / 2, 0.1, is_ready=False)
    assert judged(said, calm())
    assert not judged(said, seen())
    assert not judged(said, calm(apart_s=3 * SNAPSHOT_EVERY_S))


def test_a_late_response_is_found_unless_the_service_was_frozen() -> None:
    late = ProbeResult("auth", 1.0, ANSWERED_WITHIN_S + BUSY_S, is_ready=None)
    assert judged(late, seen("postgres"))
    assert not judged(late, seen("auth"))


def test_missing_dependencies_have_names() -> None:
    assert lacking("gateway", frozenset({"mongo"})) == {
        "converter": "converter_service",
        "notification": "notification_service",
    }
