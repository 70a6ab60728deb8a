"""Requests that end without a response: which faults excuse them."""

import pytest

from tests.faults.scenarios import processes
from tests.faults.scenarios.scenario import Scenario


@pytest.mark.parametrize(
    ("name", "over_links", "permitted"),
    [
        ("kill postgres", False, {"download"}),
        ("die at a step of converter", False, {"download"}),
        ("freeze gateway-2", False, {"download", "list"}),
        ("kill every service at once", False, {"download", "list"}),
        ("link cut", True, {"download", "list"}),
        ("stop worker", False, set[str]()),
    ],
)
def test_only_a_fault_of_the_clients_own_connection_excuses_a_request_without_a_response(
    name: str, over_links: bool, permitted: set[str]
) -> None:
    scenario = Scenario(
        name, 1, processes.killed("auth"), over_links=over_links, is_graceful=name.startswith("stop")
    )
    assert {call for call in ("download", "list") if scenario.may_break_off(f"{call}: gone")} == permitted
