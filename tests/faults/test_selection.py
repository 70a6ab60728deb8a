"""A few fault scenarios for every test run; `make faults` runs all of them many times."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.faulty_system import FaultySystem
from tests.faults.run import Run, running
from tests.faults.scenarios.catalogue import every

SEED = 20261120
# Scenario → number of injections; one scenario of each kind.
CHOSEN = {
    "die at a step of worker": 2,
    "die at a step of notification": 1,
    "sleep at a step of worker": 1,
    "kill mongo": 1,
    "link cut": 2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults")


@pytest.fixture(scope="module")
def system(folder: Path) -> Iterator[FaultySystem]:
    with running(folder) as system:
        yield system


@pytest.mark.timeout(900)
async def test_no_accepted_upload_is_lost_or_repeated_under_any_fault(
    system: FaultySystem, folder: Path
) -> None:
    run = Run(system, folder, SEED)
    by_name = {scenario.name: scenario for scenario in every()}
    async with run.begun():
        for name, times in CHOSEN.items():
            row = await run.scenario(by_name[name], times)
            assert row.problems == [], name
            assert row.injected == times
