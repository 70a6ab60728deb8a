"""Log lines: format, correlation id, and protection against forged lines."""

import json
import logging
from collections.abc import Iterator

import pytest

from shared.logs import bind_correlation, configure, get_logger


@pytest.fixture(autouse=True)
def _restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_a_line_carries_service_and_correlation_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json", "gateway")
    with bind_correlation("abc"):
        get_logger("x").info("stored", size=3)
    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["service"], line["correlation_id"], line["size"]) == (
        "stored",
        "gateway",
        "abc",
        3,
    )


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_user_string_cannot_start_a_log_line(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", log_format, "gateway")  # type: ignore[arg-type]
    get_logger("x").info("stored", filename='a\n{"event": "forged"}\x1b[31m')
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert "\x1b[31m" not in out


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_never_shows_local_variables(log_format: str, capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", log_format, "gateway")  # type: ignore[arg-type]
    try:
        password = "hunter" + str(2)
        raise ValueError(len(password))
    except ValueError:
        get_logger("x").exception("failed")
    out = capsys.readouterr().out
    assert "ValueError" in out
    assert "hunter2" not in out


def test_logs_of_libraries_have_the_same_format(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json", "gateway")
    logging.getLogger("some.library").warning("slow %s", "query")
    assert json.loads(capsys.readouterr().out)["event"] == "slow query"
