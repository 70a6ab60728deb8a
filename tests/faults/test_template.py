"""Services that the fault runs fork from a template are like started ones."""

import os
import signal
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from devstack.process import Child
from devstack.process_tree import MARK, marked
from devstack.service import COMMANDS
from shared.process import BAD_CONFIGURATION
from tests.faults.clock import Clock
from tests.faults.template import LAUNCH, Template
from tests.support.wait import until

WITHIN_S = 60.0
STACK = "/the stack of these tests"
# A worker with these settings runs, and tries to connect.
NOWHERE = {"AMQP_URL": "amqp://127.0.0.1:9", "CONVERTER_MONGO_URL": "mongodb://127.0.0.1:9/none"}


@pytest.fixture(scope="module")
def template() -> Iterator[Template]:
    template = Template()
    yield template
    template.close()


def launched(template: Template, role: str, folder: Path, **variables: str) -> Child:
    given = {"PATH": os.environ["PATH"], MARK: STACK, "FAULTS_FOLDER": str(folder)}
    environment = {**given, **variables}
    return template.launch(["python", "-m", LAUNCH, *COMMANDS[role]], environment, folder / "log")


@pytest.mark.parametrize("role", COMMANDS)
def test_a_forked_service_reads_its_own_settings_and_ends_with_its_own_code(
    template: Template, tmp_path: Path, role: str
) -> None:
    child = launched(template, role, tmp_path, **{f"{role.upper()}_PORT": "no port"})
    assert child.wait(WITHIN_S) == BAD_CONFIGURATION
    assert f"{role.upper()}_PORT" in (tmp_path / "log").read_text()


def test_a_killed_service_ends_with_the_signal_and_another_takes_its_place(
    template: Template, tmp_path: Path
) -> None:
    for _ in range(2):
        child = launched(template, "worker", tmp_path, **NOWHERE)
        assert child.poll() is None
        os.kill(child.pid, signal.SIGKILL)
        assert child.wait(WITHIN_S) == -signal.SIGKILL


async def test_a_forked_service_has_its_own_clock_and_session_and_is_found_by_its_stack(
    template: Template, tmp_path: Path
) -> None:
    Clock(tmp_path).shift(timedelta(days=2).total_seconds())
    child = launched(template, "worker", tmp_path, **NOWHERE)
    logged = tmp_path / "log"
    shifted = datetime.now(UTC) + timedelta(days=2)
    try:
        await until(
            lambda: f"{shifted:%Y-%m-%d}" in logged.read_text(), WITHIN_S, "a line with the shifted date"
        )
        assert os.getsid(child.pid) == child.pid
        assert child.pid in {process.pid for process in marked(Path(STACK))}
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(WITHIN_S)


def test_a_caller_that_goes_away_does_not_end_the_template(template: Template, tmp_path: Path) -> None:
    launched(template, "worker", tmp_path, WORKER_PORT="no port").wait(WITHIN_S)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as gone:
        gone.connect(str(template.address))
    child = launched(template, "worker", tmp_path, WORKER_PORT="no port")
    assert child.wait(WITHIN_S) == BAD_CONFIGURATION
