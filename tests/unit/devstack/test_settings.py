"""Settings from the environment override the stack's own, as values or as files."""

from pathlib import Path

import pytest

from devstack.settings import given_in, merged, other_database
from devstack.stack import Stack


def test_only_our_own_variables_are_taken_from_the_environment() -> None:
    environment = {"GATEWAY_PORT": "9000", "PATH": "/bin", "AMQP_URL": "amqp://there", "LOG_LEVEL": ""}
    assert given_in(environment) == {"GATEWAY_PORT": "9000", "AMQP_URL": "amqp://there"}


def test_a_given_file_overrides_the_default() -> None:
    given = {"AMQP_URL_FILE": "/run/secrets/amqp"}
    assert merged({"AMQP_URL": "amqp://here", "LOG_LEVEL": "info"}, given) == {**given, "LOG_LEVEL": "info"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("mongodb://h:1/a?replicaSet=r", "mongodb://h:1/b?replicaSet=r"),
        ("mongodb://h:1", "mongodb://h:1/b"),
        ("mongodb://u:p%40@h:1,i:2/a?w=1", "mongodb://u:p%40@h:1,i:2/b?w=1&authSource=a"),
        ("mongodb://u:p@h/a?authSource=admin", "mongodb://u:p@h/b?authSource=admin"),
    ],
)
def test_another_database_keeps_the_authentication_source(url: str, expected: str) -> None:
    assert other_database(url, "b") == expected


def test_a_server_given_from_outside_is_not_started(tmp_path: Path) -> None:
    given = {"AUTH_DATABASE_URL_FILE": "/run/secrets/url", "NOTIFICATION_SMTP_URL": "smtp://there"}
    stack = Stack(tmp_path, given)
    assert [server.name for server in stack.servers] == ["mongo", "rabbitmq"]
    assert "AUTH_DATABASE_URL" not in stack.settings()
    assert stack.settings()["NOTIFICATION_SMTP_URL"] == "smtp://there"


def test_the_mail_ledger_follows_the_conversions_to_their_server(tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"CONVERTER_MONGO_URL": "mongodb://there/tonegate"})
    assert stack.settings()["NOTIFICATION_MONGO_URL"] == "mongodb://there/tonegate_notification"


def test_replicas_have_separate_ports_and_shared_secrets(tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"GATEWAY_PORT": "9000"})
    first, second = stack.service("gateway").environment(), stack.service("gateway-2").environment()
    assert first["GATEWAY_PORT"] == "9000"
    assert second["GATEWAY_PORT"] not in {"9000", first["GATEWAY_METRICS_PORT"]}
    assert first["AUTH_INTROSPECTION_SECRET"] == second["AUTH_INTROSPECTION_SECRET"]


def test_overrides_of_one_service_stay_with_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path)
    worker = stack.service("worker").configure({"CONVERTER_LEASE": "2s"})
    assert worker.environment()["CONVERTER_LEASE"] == "2s"
    assert "CONVERTER_LEASE" not in stack.service("worker-2").environment()


def test_a_stack_restarts_on_the_same_ports_with_the_same_secrets(tmp_path: Path) -> None:
    assert Stack(tmp_path).settings() == Stack(tmp_path).settings()
