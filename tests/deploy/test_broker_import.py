"""The import of RabbitMQ's users and topology by the Helm chart's job."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from deploy.broker_import import PROCESSES, definitions, main
from deploy.secret_files import TOPOLOGY, prepare, rabbitmq_hash
from shared.messaging.processes import PROCESSES as OF_THE_CODE

MANAGEMENT = "http://admin:p%40ss@127.0.0.1"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The AMQP URLs of a first start of compose.yaml, one file for each process."""
    prepare(tmp_path / "secrets")
    for name in PROCESSES:
        (tmp_path / name).write_text((tmp_path / "secrets" / name / "amqp_url").read_text())
    return tmp_path


class Received(BaseHTTPRequestHandler):
    requests: list[tuple[str, str, Any]]
    status: int

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.requests.append((self.path, self.headers["Authorization"], body))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002, as in the overridden method
        """Writes nothing."""


@contextmanager
def management_api(status: int = 204) -> Iterator[tuple[int, list[tuple[str, str, Any]]]]:
    requests: list[tuple[str, str, Any]] = []
    handler = type("Handler", (Received,), {"requests": requests, "status": status})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_port, requests
        finally:
            server.shutdown()
            thread.join()


def topology() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(TOPOLOGY.read_text())
    return found


def urls(folder: Path) -> dict[str, str]:
    return {name: (folder / name).read_text() for name in PROCESSES}


def test_every_process_that_uses_the_broker_gets_a_user() -> None:
    assert set(PROCESSES) == {process.name for process in OF_THE_CODE}


def test_the_topology_and_the_users_are_imported_in_one_call(folder: Path) -> None:
    with management_api() as (port, requests):
        (folder / "management_url").write_text(f"{MANAGEMENT}:{port}/\n")
        main(TOPOLOGY, folder)
    [(path, authorization, body)] = requests
    assert path == "/api/definitions"
    assert base64.b64decode(authorization.removeprefix("Basic ")) == b"admin:p@ss"
    assert {kind: body[kind] for kind in topology()} == topology()
    assert body["vhosts"] == [{"name": "tonegate"}]
    granted = {each["user"] for each in topology()["permissions"]}
    assert {each["name"] for each in body["users"]} == granted
    assert all(each["tags"] == [] for each in body["users"])


def test_the_hash_of_a_password_is_that_of_compose(folder: Path) -> None:
    [worker] = [
        each for each in definitions(topology(), urls(folder))["users"] if each["name"] == "tonegate-worker"
    ]
    password = urls(folder)["worker"].split(":")[2].partition("@")[0]
    salt = base64.b64decode(str(worker["password_hash"]))[:4]
    assert worker["password_hash"] == rabbitmq_hash(password, salt)


def test_another_virtual_host_gets_all_of_the_topology(folder: Path) -> None:
    moved = {name: url.replace("5672/tonegate", "5672/audio%2Fone") for name, url in urls(folder).items()}
    imported = definitions(topology(), moved)
    assert imported["vhosts"] == [{"name": "audio/one"}]
    assert {each["vhost"] for kind in topology() for each in imported[kind]} == {"audio/one"}


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("tonegate-worker", "tonegate-auth", "needs the user tonegate-worker"),
        (":5672/tonegate", ":5672/another", "several virtual hosts"),
    ],
)
def test_an_url_of_another_user_or_virtual_host_is_refused(
    folder: Path, old: str, new: str, problem: str
) -> None:
    wrong = urls(folder)["worker"].replace(old, new)
    with pytest.raises(ValueError, match=problem):
        definitions(topology(), {**urls(folder), "worker": wrong})


def test_a_refused_import_fails_the_job(folder: Path) -> None:
    with management_api(status=401) as (port, _):
        (folder / "management_url").write_text(f"{MANAGEMENT}:{port}")
        with pytest.raises(OSError, match="401"):
            main(TOPOLOGY, folder)
