"""Restart policy: back-off of real processes by a clock that the test controls."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from subprocess import TimeoutExpired

import pytest

from devstack.daemon import Daemon
from devstack.home import Home
from devstack.restart_policy import RestartPolicy
from devstack.servers.environment import plain_environment
from shared.process import BAD_CONFIGURATION
from tests.support.wait import until

NOW = 10_000.0


class Script(Daemon):
    """A process that exits at once with a code, or runs until it is stopped."""

    def __init__(self, home: Home) -> None:
        super().__init__("script", home)
        self.ending = "sys.exit(1)"
        self.starts = 0
        self.check_error: Exception | None = None

    def prepare(self) -> None:
        self.starts += 1

    def command(self) -> Sequence[str]:
        return [sys.executable, "-c", f"import sys, time; {self.ending}"]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        if self.check_error is not None:
            raise self.check_error
        return self.alive

    async def gone(self) -> None:
        await until(lambda: not self.alive, what="the process has ended")


@pytest.fixture
def script(tmp_path: Path) -> Iterator[Script]:
    script = Script(Home.at(tmp_path))
    yield script
    script.stop()


async def test_the_back_off_grows_while_it_crashes_and_is_reset_after_a_stable_run(script: Script) -> None:
    logged: list[str] = []
    policy, now = RestartPolicy(script, logged.append), NOW
    for earlier_starts, pause_s in enumerate((1, 2, 4, 8, 16, 30, 30)):
        policy.check(now)
        assert f"started again in {pause_s} s" in logged[-1]
        policy.check(now + pause_s - 0.01)
        assert script.starts == earlier_starts
        now += pause_s
        policy.check(now)
        assert script.starts == earlier_starts + 1
        await script.gone()
    assert len(logged) == 7
    policy.check(now + 3600)
    assert "has ended with exit code 1; it is started again in 1 s" in logged[-1]


async def test_a_process_that_refuses_its_settings_is_not_restarted(script: Script) -> None:
    logged: list[str] = []
    policy = RestartPolicy(script, logged.append)
    script.ending = f"sys.exit({BAD_CONFIGURATION})"
    script.launch()
    await script.gone()
    policy.check(NOW)
    assert logged == ["script refuses its settings (exit code 78, see its log); it is started again in 600 s"]
    policy.check(NOW + 599)
    assert not script.alive
    script.ending = "time.sleep(100)"
    policy.check(NOW + 600)
    policy.check(NOW + 601)
    assert logged[1:] == ["script is ready again"]


async def test_a_process_that_cannot_be_started_is_retried_later(script: Script, tmp_path: Path) -> None:
    logged: list[str] = []
    policy = RestartPolicy(script, logged.append)
    logs = tmp_path / "logs"
    policy.check(NOW)
    logs.rename(tmp_path / "elsewhere")
    policy.check(NOW + 1)
    assert "script could not be started" in logged[-1]
    assert "in 2 s" in logged[-1]
    logs.mkdir()
    script.ending = "time.sleep(100)"
    policy.check(NOW + 3)
    assert script.alive


@pytest.mark.parametrize("error", [OSError("no process can be created"), TimeoutExpired("check", 10)])
async def test_a_failed_readiness_check_is_repeated(script: Script, error: Exception) -> None:
    logged: list[str] = []
    policy = RestartPolicy(script, logged.append)
    script.ending = "time.sleep(100)"
    script.check_error = error
    policy.check(NOW)
    policy.check(NOW + 1)
    policy.check(NOW + 2)
    assert len(logged) == 1
    script.check_error = None
    policy.check(NOW + 3)
    assert logged[1:] == ["script is ready again"]


async def test_a_log_contains_the_current_run_only(script: Script) -> None:
    for word in ("earlier", "later"):
        script.ending = f"print({word!r})"
        script.launch()
        await script.gone()
    assert script.process.log_tail() == "later"
