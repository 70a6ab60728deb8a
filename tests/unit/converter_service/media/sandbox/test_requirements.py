"""A worker starts without the sandbox's mechanisms only if none of those that are missing is required."""

from collections.abc import Mapping

import pytest

from converter_service.media.errors import MachineUnfit
from converter_service.media.sandbox.requirements import SandboxRequirements
from shared.settings import SettingsError

ALL = {"privileges": True, "death": True, "files": True, "calls": True}
MECHANISM = {"files": "landlock", "calls": "seccomp", "privileges": "no_new_privs", "death": "pdeathsig"}


def machine(*lacking: str, required: tuple[str, ...] = ()) -> SandboxRequirements:
    async def read() -> Mapping[str, bool]:
        return {**ALL, **dict.fromkeys(lacking, False)}

    return SandboxRequirements(required, read)


@pytest.mark.parametrize(("restriction", "mechanism"), MECHANISM.items())
async def test_a_worker_does_not_start_without_a_required_mechanism(restriction: str, mechanism: str) -> None:
    with pytest.raises(MachineUnfit, match=f"does not offer {mechanism}$"):
        await machine(restriction, required=("landlock", mechanism)).enforce()


@pytest.mark.parametrize("required", [(), ("none",), ("seccomp",)])
async def test_a_missing_mechanism_that_is_not_required_is_logged_and_reported(
    required: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    requirements = machine("files", required=required)
    await requirements.enforce()
    printed = capsys.readouterr().out
    assert "sandbox restrictions not available" in printed
    assert "landlock" in printed
    with pytest.raises(MachineUnfit, match="lacks landlock"):
        await requirements.check()


async def test_a_machine_with_all_mechanisms_fulfils_all_requirements() -> None:
    requirements = machine(required=tuple(MECHANISM.values()))
    await requirements.enforce()
    await requirements.check()


def test_an_unknown_mechanism_is_refused() -> None:
    with pytest.raises(SettingsError, match="apparmor"):
        machine(required=("seccomp", "apparmor"))
