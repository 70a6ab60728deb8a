"""Each invalid setting is reported on its own line before anything starts."""

from pathlib import Path

import pytest

from devstack.errors import StackError
from devstack.preflight import check_settings
from devstack.stack import Stack


def refusal(path: Path, given: dict[str, str]) -> list[str]:
    with pytest.raises(StackError) as refused:
        check_settings(Stack(path, given))
    return str(refused.value).splitlines()


def test_default_settings_are_valid(tmp_path: Path) -> None:
    check_settings(Stack(tmp_path))


@pytest.mark.parametrize("port", ["abc", "70000", "0", "-1", "8_000", "²", "9" * 5000])
def test_an_invalid_port_is_refused(tmp_path: Path, port: str) -> None:
    expected = f"GATEWAY_PORT: {port!r} is not a port; it needs a number from 1 to 65535"
    assert refusal(tmp_path, {"GATEWAY_PORT": port}) == ["bad settings", expected]


def test_two_processes_do_not_share_a_port(tmp_path: Path) -> None:
    given = {"GATEWAY_PORT": "8000", "AUTH_METRICS_PORT": "8000"}
    assert refusal(tmp_path, given)[1:] == [
        "AUTH_METRICS_PORT and GATEWAY_PORT: 8000 can be the port of one of them only"
    ]


def test_each_invalid_setting_is_reported_once_without_secrets(tmp_path: Path) -> None:
    given = {"CONVERTER_LINK_KEY": "confidential", "LOG_LEVEL": "loud", "GATEWAY_RATE_LIMIT_LOGIN": "ten"}
    lines = refusal(tmp_path, given)[1:]
    assert [line.partition(":")[0] for line in lines] == [
        "LOG_LEVEL",
        "CONVERTER_LINK_KEY",
        "GATEWAY_RATE_LIMIT_LOGIN",
    ]
    assert "confidential" not in "".join(lines)


def test_a_port_may_be_named_by_a_file(tmp_path: Path) -> None:
    (tmp_path / "port").write_text("9000\n")
    stack = Stack(tmp_path / "stack", {"GATEWAY_PORT_FILE": str(tmp_path / "port")})
    check_settings(stack)
    assert stack.url == stack.settings()["GATEWAY_PUBLIC_URL"] == "http://127.0.0.1:9000"


@pytest.mark.parametrize(
    "given", [{"CONVERTER_MONGO_URL": "mongodb://[::1"}, {"CONVERTER_MONGO_URL_FILE": "/no/such/file"}]
)
def test_an_unreadable_address_is_reported(tmp_path: Path, given: dict[str, str]) -> None:
    assert "CONVERTER_MONGO_URL" in refusal(tmp_path, given)[0]
