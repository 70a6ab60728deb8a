"""Secrets are created once, kept, and readable by their consumers only."""

import base64
import json
import stat
from pathlib import Path

import pytest

from deploy.broker_topology import rendered
from deploy.secret_files import (
    MADE,
    MASTER,
    TOPOLOGY,
    N,
    consumers,
    prepare,
    private_key,
    public_key,
    rabbitmq_hash,
)
from shared.identity.gateway_keys import parse_public_keys
from shared.identity.key_pair import generate, public_pem
from shared.messaging.processes import PROCESSES
from shared.settings import Secret


def contents(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_second_start_changes_nothing(tmp_path: Path) -> None:
    prepare(tmp_path)
    first = contents(tmp_path)
    prepare(tmp_path)
    assert contents(tmp_path) == first


def test_secrets_of_deployments_are_unique(tmp_path: Path) -> None:
    for name in ("one", "other"):
        prepare(tmp_path / name)
    made = [
        (tmp_path / deployment / MASTER / name).read_text()
        for deployment in ("one", "other")
        for name in MADE
    ]
    assert len(set(made)) == 2 * len(MADE)
    assert all(len(value) >= 32 for value in made if value not in _salts(tmp_path))


def _salts(folder: Path) -> set[str]:
    return {(folder / name / MASTER / "rabbitmq_salt").read_text() for name in ("one", "other")}


def test_a_lost_file_of_a_consumer_is_restored_unchanged(tmp_path: Path) -> None:
    prepare(tmp_path)
    first = contents(tmp_path)
    (tmp_path / "gateway").chmod(0o700)
    (tmp_path / "gateway" / "introspection").unlink()
    prepare(tmp_path)
    assert contents(tmp_path) == first


def test_an_interrupted_start_is_completed(tmp_path: Path) -> None:
    (tmp_path / MASTER).mkdir(parents=True)
    (tmp_path / MASTER / ".introspection.draft").write_text("half a sec")
    prepare(tmp_path)
    assert len((tmp_path / "auth" / "introspection").read_text()) == 64
    assert not [name for name in contents(tmp_path) if name.endswith(".draft")]


def test_files_are_for_their_owner_only(tmp_path: Path) -> None:
    prepare(tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert stat.S_IMODE(path.stat().st_mode) == 0o400
        elif path.name != MASTER:
            assert stat.S_IMODE(path.stat().st_mode) == 0o500


def test_shared_secrets_are_equal_for_their_consumers(tmp_path: Path) -> None:
    prepare(tmp_path)
    files = contents(tmp_path)
    assert files["gateway/introspection"] == files["auth/introspection"]
    assert files["converter/link_key"] == files["notification/link_key"]
    public = public_pem(Secret(files["gateway/token_key"]))
    assert {files[f"{name}/gateway_public_keys"] for name in ("auth", "converter", "notification")} == {
        public
    }
    assert files["postgres/auth"] in files["auth/database_url"]
    assert files["mongo-users/converter"] in files["converter/mongo_url"]
    assert files["mongo-users/worker"] in files["worker/mongo_url"]
    assert files["mongo-users/notification"] in files["notification/mongo_url"]
    assert files["mongo-users/admin"] == files["mongo/admin"]
    assert files["valkey/password"] in files["gateway/rate_limit_storage_url"]
    assert f"requirepass {files['valkey/password']}\n" in files["valkey/valkey.conf"]


def test_no_service_knows_an_administrators_password(tmp_path: Path) -> None:
    prepare(tmp_path)
    for name, text in contents(tmp_path).items():
        if name.split("/")[0] in {"gateway", "auth", "converter", "worker", "notification"}:
            for admin in ("postgres_admin", "mongo_admin", "mongo_key"):
                assert (tmp_path / MASTER / admin).read_text() not in text


@pytest.mark.parametrize("process", [each.name for each in PROCESSES])
def test_the_broker_knows_the_password_of_each_process(tmp_path: Path, process: str) -> None:
    prepare(tmp_path)
    files = contents(tmp_path)
    [user] = [
        each
        for each in json.loads(files["rabbitmq/definitions.json"])["users"]
        if each["name"] == f"tonegate-{process}"
    ]
    salt = base64.b64decode(user["password_hash"])[:4]
    password = files[f"{MASTER}/rabbitmq_{process}"]
    assert rabbitmq_hash(password, salt) == user["password_hash"]
    assert files[f"{process}/amqp_url"] == f"amqp://tonegate-{process}:{password}@rabbitmq:5672/tonegate"
    known = {f"{MASTER}/rabbitmq_{process}", f"{process}/amqp_url"}
    assert {name for name, text in files.items() if password in text} == known


def test_the_user_that_all_processes_had_has_neither_password_nor_rights(tmp_path: Path) -> None:
    prepare(tmp_path)
    definitions = json.loads(contents(tmp_path)["rabbitmq/definitions.json"])
    [former] = [each for each in definitions["users"] if each["name"] == "tonegate"]
    [rights] = [each for each in definitions["permissions"] if each["user"] == "tonegate"]
    assert former["password_hash"] == ""
    assert {rights[kind] for kind in ("configure", "write", "read")} == {"^$"}


def test_the_worker_holds_no_key_to_sign_with(tmp_path: Path) -> None:
    prepare(tmp_path)
    held = {name for name in contents(tmp_path) if name.startswith("worker/")}
    assert held == {"worker/amqp_url", "worker/mongo_url"}


@pytest.mark.parametrize("number", [1, 2, 3, N - 2, N - 1, 2**255, 0xC0FFEE])
def test_public_keys_are_computed_as_the_cryptography_package_does(number: int) -> None:
    private = private_key(number)
    assert public_key(private) == public_pem(Secret(private))
    assert parse_public_keys(public_key(private))


def test_generated_private_keys_have_the_public_half_that_the_cryptography_package_finds() -> None:
    for _ in range(20):
        private = MADE["gateway_token_key"]()
        assert public_key(private) == public_pem(Secret(private))


def test_a_private_key_of_another_program_may_take_its_place() -> None:
    private = generate().pem.reveal()
    assert public_key(private) == public_pem(Secret(private))


def test_only_the_gateway_holds_its_private_key(tmp_path: Path) -> None:
    prepare(tmp_path)
    held = {name for name, text in contents(tmp_path).items() if "PRIVATE KEY" in text}
    assert held == {f"{MASTER}/gateway_token_key", "gateway/token_key"}


def test_the_topology_is_that_of_the_code() -> None:
    """`python -m deploy.broker_topology` writes it."""
    assert TOPOLOGY.read_text() == rendered()


def test_a_password_is_hashed_as_the_brokers_manual_says() -> None:
    """The example on https://www.rabbitmq.com/docs/passwords"""
    expected = "kI3GCqW5JLMJa4iX1lo7X4D6XbYqlLgxIs30+P6tENUV2POR"
    assert rabbitmq_hash("test12", bytes.fromhex("908DC60A")) == expected


@pytest.mark.parametrize("consumer", ["postgres", "mongo", "mongo-users", "rabbitmq", "valkey"])
def test_servers_read_as_their_images_user(consumer: str) -> None:
    made = {name: make() for name, make in MADE.items()}
    assert consumers(made)[consumer][0] == 999
