"""Two stacks on one machine never get the same port, though neither listens yet."""

from pathlib import Path

from devstack.ports import Claims


def test_a_port_is_not_given_out_twice_before_its_server_listens(tmp_path: Path) -> None:
    assert Claims(tmp_path / "claims").take(20_000)
    assert not Claims(tmp_path / "claims").take(20_000)
    assert Claims(tmp_path / "claims").take(20_001)


def test_a_port_that_nobody_came_to_use_is_given_out_again_after_a_while(tmp_path: Path) -> None:
    assert Claims(tmp_path).take(20_000)
    assert Claims(tmp_path, lasting_s=-1).take(20_000)
