"""Ports allocated to one stack are not allocated to another, even before a server listens."""

import subprocess
from pathlib import Path

from devstack.ports import Claims


def test_a_port_is_not_allocated_twice_before_its_server_listens(tmp_path: Path) -> None:
    assert Claims(tmp_path / "claims").take(20_000)
    assert not Claims(tmp_path / "claims").take(20_000)
    assert Claims(tmp_path / "claims").take(20_001)


def test_a_port_stays_allocated_while_its_process_runs(tmp_path: Path) -> None:
    assert Claims(tmp_path).take(20_000)
    assert not Claims(tmp_path, lasting_s=-1).take(20_000)


def test_the_port_of_an_ended_process_is_reused_after_a_while(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    (tmp_path / "20000").write_text(str(gone.pid))
    assert not Claims(tmp_path).take(20_000)
    assert Claims(tmp_path, lasting_s=-1).take(20_000)
