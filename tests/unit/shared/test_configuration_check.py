"""The command `check-config`: names each problem of the settings, and variables that are almost settings."""

from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from shared.configuration_check import AMQP, check_config, check_server_url
from shared.settings import Env, Secret, SettingsError


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    broker: Annotated[Secret, Env("GATEWAY_BROKER")]
    limit: Annotated[int, Env("GATEWAY_RATE_LIMIT")] = 3


def refuse(_: Settings) -> None:
    raise SettingsError("GATEWAY_BROKER: it is refused")


def test_valid_settings_are_called_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_config("gateway", Settings, environment={"GATEWAY_BROKER": "x"}) == 0
    assert capsys.readouterr() == ("gateway: the settings are valid\n", "")


def test_each_problem_has_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    wrong = {"GATEWAY_RATE_LIMIT": "many", "LOG_LEVEL": "loud"}
    assert check_config("gateway", Settings, refuse, environment=wrong) == 78
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[1].rstrip(":") for line in lines] == [
        "GATEWAY_BROKER",
        "GATEWAY_RATE_LIMIT",
        "LOG_LEVEL",
    ]


def test_what_the_service_derives_from_its_settings_is_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert check_config("gateway", Settings, refuse, environment={"GATEWAY_BROKER": "x"}) == 78
    assert capsys.readouterr().err == "gateway: GATEWAY_BROKER: it is refused\n"


@pytest.mark.parametrize("name", ["GATEWAY_RATE_LIMT", "GATEWAY_RATELIMIT", "GATEWAY_RATE_LIMT_FILE"])
def test_a_misspelt_setting_is_named_and_is_no_problem(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert check_config("gateway", Settings, environment={"GATEWAY_BROKER": "x", name: "3"}) == 0
    warning = f"gateway: warning: {name} is not read; is GATEWAY_RATE_LIMIT meant?\n"
    assert capsys.readouterr().err == warning


@pytest.mark.parametrize("name", ["GATEWAY_RATE_LIMIT_FILE", "RATE_LIMIT", "GATEWAY_BIND", "PATH"])
def test_other_variables_are_not_mentioned(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "limit").write_text("3")
    environment = {"GATEWAY_BROKER": "x", name: str(tmp_path / "limit")}
    assert check_config("gateway", Settings, environment=environment) == 0
    assert capsys.readouterr().err == ""


BAD_URLS = ("", "amqp", "http://host", "amqp://", "amqp://user:word@", "//host")


@pytest.mark.parametrize("url", [*BAD_URLS, "amqp://user:word@[host", "amqp://user:word@x\uff0fhost"])
def test_a_servers_url_needs_its_scheme_and_a_host_and_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        check_server_url("AMQP_URL", Secret(url), *AMQP)
    assert "word@" not in str(refused.value).removesuffix("amqp://user:password@host:port")
