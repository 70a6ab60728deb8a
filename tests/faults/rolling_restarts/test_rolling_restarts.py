"""No request on an established connection stays without an answer while services are restarted."""

from pathlib import Path

from devstack.stack import Stack
from tests.faults.rolling_restarts.run import SETTINGS, Load, run_restarts, use_two_gateways


async def test_each_request_on_an_established_connection_is_answered(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    load = Load(restarts=2, clients=2, sessions=10, longest_pause_s=3.0, between_s=1.0)
    with Stack(tmp_path / "stack", SETTINGS) as stack:
        use_two_gateways(stack)
        stack.start()
        report = await run_restarts(stack, load)
    assert report.problems == []
    assert set(report.restarts.count.values()) == {2}
    assert all(sum(tally.answers.values()) > 0 for tally in report.tallies.values())
    assert sum(tally.kept for tally in report.tallies.values()) > 0
    assert sum(tally.calls["POST /v1/auth/logout"] for tally in report.tallies.values()) > 0
