"""Every import contract of pyproject.toml is kept, and fails for each planted violation of its rules."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import grimp
import pytest
from importlinter.api import read_configuration

from tests.unit.project.import_violations import is_kept, violations

ROOT = Path(__file__).parents[3]
CONFIGURATION = read_configuration(str(ROOT / "pyproject.toml"))
SESSION, CONTRACTS = CONFIGURATION["session_options"], CONFIGURATION["contracts_options"]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """All imports of the repository; tests plant violations in copies."""
    first, *others = SESSION["root_packages"]
    return grimp.build_graph(first, *others, include_external_packages=True, cache_dir=None)


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract["name"])
def test_a_contract_is_kept_and_fails_for_each_planted_violation(
    graph: grimp.ImportGraph, contract: dict[str, Any]
) -> None:
    assert is_kept(contract, SESSION, deepcopy(graph))
    planted = list(violations(contract, graph))
    assert planted
    for violation in planted:
        broken = deepcopy(graph)
        violation.plant(broken)
        assert not is_kept(contract, SESSION, broken), violation


@pytest.mark.parametrize(
    "package", ["gateway", "auth_service", "converter_service", "notification_service", "shared"]
)
def test_every_module_of_a_package_has_a_layer(package: str) -> None:
    exhaustive = (contract for contract in CONTRACTS if contract.get("exhaustive") == "True")
    assert any(package in contract["containers"] for contract in exhaustive)
