"""Services that the fault runs fork from a template are like started ones."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from devstack.process import Child
from devstack.service import COMMANDS
from shared.process import BAD_CONFIGURATION
from tests.faults.template import LAUNCH, Template

WITHIN_S = 60.0


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    template = Template()
    yield template
    template.close()


def launched(template: Template, role: str, folder: Path, **variables: str) -> Child:
    environment = {"PATH": os.environ["PATH"], "FAULTS_FOLDER": str(folder), **variables}
    return template.launch(["python", "-m", LAUNCH, *COMMANDS[role]], environment, folder / "log")


@pytest.mark.parametrize("role", COMMANDS)
def test_a_forked_service_reads_its_own_settings_and_ends_with_its_own_code(
    template: Template, tmp_path: Path, role: str
) -> None:
    child = launched(template, role, tmp_path, **{f"{role.upper()}_PORT": "no port"})
    assert child.wait(WITHIN_S) == BAD_CONFIGURATION
    assert f"{role.upper()}_PORT" in (tmp_path / "log").read_text()


def test_a_killed_one_ends_with_the_signal_and_another_takes_its_place(
    template: Template, tmp_path: Path
) -> None:
    for _ in range(2):
        child = launched(template, "worker", tmp_path, AMQP_URL="amqp://127.0.0.1:9", LOG_LEVEL="debug")
        assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(WITHIN_S) == -signal.SIGKILL
