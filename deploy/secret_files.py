"""Creates the passwords and keys of a deployment at its first start, and files with them for each
consumer.

`python deploy/secret_files.py FOLDER`: `FOLDER/master` stores every value permanently; the folder of each
consumer is rewritten from it at every start. Values are not in the repository, in images or in environments.
Only the standard library is used, so that any Python image can run it.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

SERVICE, SERVER, GRAFANA = 10001, 999, 472  # the users of our images, and of official ones
MASTER = "master"
HEX_BYTES = 32
# Processes with a RabbitMQ user; the folder of each has the same name.
PROCESSES = ("gateway", "auth", "converter", "worker", "notification")
# Exchanges, queues, bindings and permissions, beside this file or mounted there.
TOPOLOGY = Path(__file__).parent / "rabbitmq" / "topology.json"
# P-256 (SP 800-186 §3.2.1.3), for the public half of the gateway's key: Python's library has no curves.
P = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
# DER of the parts before the numbers (RFC 5208, RFC 5915, RFC 5480); SCALAR is also in keys made by openssl.
ALGORITHM = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
SCALAR = bytes.fromhex("0201010420")
PRIVATE = bytes.fromhex("3041020100") + ALGORITHM + bytes.fromhex("04273025") + SCALAR
PUBLIC = bytes.fromhex("3059") + ALGORITHM + bytes.fromhex("03420004")
_HASHED: Mapping[str, object] = {"hashing_algorithm": "rabbit_password_hashing_sha256", "tags": []}

# Values created once and never replaced. The replica set's key must be base64 (MongoDB's manual, keyfile).
MADE: Mapping[str, Callable[[], str]] = {
    "postgres_admin": lambda: secrets.token_hex(HEX_BYTES),
    "postgres_auth": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_admin": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_converter": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_worker": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_notification": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_backup": lambda: secrets.token_hex(HEX_BYTES),
    "mongo_key": lambda: base64.b64encode(secrets.token_bytes(96)).decode(),
    **{f"rabbitmq_{name}": lambda: secrets.token_hex(HEX_BYTES) for name in PROCESSES},
    "rabbitmq_salt": lambda: secrets.token_hex(4),
    "valkey": lambda: secrets.token_hex(HEX_BYTES),
    "introspection": lambda: secrets.token_hex(HEX_BYTES),
    "gateway_token_key": lambda: private_key(secrets.randbelow(N - 1) + 1),
    "data_keys": lambda: secrets.token_urlsafe(32),
    "link_key": lambda: secrets.token_hex(HEX_BYTES),
    "webhook_key": lambda: secrets.token_hex(HEX_BYTES),
    "grafana_admin": lambda: secrets.token_hex(HEX_BYTES),
}
Values = Mapping[str, str]


def consumers(made: Values) -> dict[str, tuple[int, dict[str, str]]]:
    """Returns for each consumer the user id that reads its files, and the files."""
    servers = {name: (SERVER, files) for name, files in _of_servers(made).items()}
    services = {name: (SERVICE, files) for name, files in _of_services(made).items()}
    return {**servers, **services, "grafana": (GRAFANA, {"admin": made["grafana_admin"]})}


def _of_servers(made: Values) -> dict[str, dict[str, str]]:
    users = ("admin", "converter", "worker", "notification", "backup")
    return {
        "postgres": {"admin": made["postgres_admin"], "auth": made["postgres_auth"]},
        "mongo": {"admin": made["mongo_admin"], "key": made["mongo_key"]},
        "mongo-users": {name: made[f"mongo_{name}"] for name in users},
        "rabbitmq": {"definitions.json": _definitions(made)},
        "valkey": {"valkey.conf": _valkey(made), "password": made["valkey"]},
    }


def _of_services(made: Values) -> dict[str, dict[str, str]]:
    introspection = {"introspection": made["introspection"]}
    link_key, data_keys = {"link_key": made["link_key"]}, {"data_keys": made["data_keys"]}
    gateway_keys = {"gateway_public_keys": public_key(made["gateway_token_key"])}
    own: dict[str, dict[str, str]] = {
        "gateway": {
            **introspection,
            "token_key": made["gateway_token_key"],
            "rate_limit_storage_url": f"redis://:{made['valkey']}@valkey:6379/0",
        },
        "auth": {**introspection, **data_keys, **gateway_keys, "database_url": _postgres(made)},
        "converter": {**gateway_keys, **link_key, "mongo_url": _mongo(made, "converter", "tonegate")},
        "worker": {"mongo_url": _mongo(made, "worker", "tonegate")},
        "notification": {
            **gateway_keys,
            **link_key,
            "mongo_url": _mongo(made, "notification", "tonegate_notification"),
            "webhook_key": made["webhook_key"],
        },
    }
    backup = {
        **data_keys,
        "database_url": _postgres(made),
        "converter_mongo_url": _mongo(made, "backup", "tonegate", "&authSource=admin"),
        "notification_mongo_url": _mongo(made, "backup", "tonegate_notification", "&authSource=admin"),
    }
    return {
        **{name: {**files, "amqp_url": _amqp(made, name)} for name, files in own.items()},
        "backup": backup,
    }


def _amqp(made: Values, process: str) -> str:
    return f"amqp://tonegate-{process}:{made[f'rabbitmq_{process}']}@rabbitmq:5672/tonegate"


def _postgres(made: Values) -> str:
    return f"postgresql://tonegate:{made['postgres_auth']}@postgres:5432/tonegate"


def _mongo(made: Values, user: str, database: str, more: str = "") -> str:
    return f"mongodb://{user}:{made[f'mongo_{user}']}@mongo:27017/{database}?replicaSet=tonegate{more}"


def _definitions(made: Values) -> str:
    """The topology with the users' password hashes, without guest (https://www.rabbitmq.com/docs/definitions).

    The user `tonegate`, whose password every process of earlier versions had, keeps no right and no password:
    an import removes nobody.
    """
    topology = json.loads(TOPOLOGY.read_text(encoding="utf-8"))
    limited = [
        {"name": f"tonegate-{name}", "password_hash": _hash(made, name), **_HASHED} for name in PROCESSES
    ]
    former = {"name": "tonegate", "password_hash": "", **_HASHED}
    nothing = {"user": "tonegate", "vhost": "tonegate", "configure": "^$", "write": "^$", "read": "^$"}
    return json.dumps(
        {
            **topology,
            "users": [*limited, former],
            "vhosts": [{"name": "tonegate"}],
            "permissions": [*topology["permissions"], nothing],
        }
    )


def _hash(made: Values, process: str) -> str:
    """A salt for each user, the same at each start."""
    salt = hashlib.sha256(f"{made['rabbitmq_salt']}{process}".encode()).digest()[:4]
    return rabbitmq_hash(made[f"rabbitmq_{process}"], salt)


def rabbitmq_hash(password: str, salt: bytes) -> str:
    """Returns base64(salt + SHA-256(salt + password)) (https://www.rabbitmq.com/docs/passwords)."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def private_key(number: int) -> str:
    """A private key of P-256 as PEM (PKCS #8)."""
    return _pem("PRIVATE", PRIVATE + number.to_bytes(32, "big"))


def public_key(private: str) -> str:
    """The public half of a private key, as PEM."""
    der = base64.b64decode("".join(private.split("-----")[2].split()))
    number = int.from_bytes(der.partition(SCALAR)[2][:32], "big")
    x, y = _multiple(number)
    return _pem("PUBLIC", PUBLIC + x.to_bytes(32, "big") + y.to_bytes(32, "big"))


def _pem(kind: str, der: bytes) -> str:
    text = base64.b64encode(der).decode()
    lines = [text[start : start + 64] for start in range(0, len(text), 64)]
    return "\n".join([f"-----BEGIN {kind} KEY-----", *lines, f"-----END {kind} KEY-----", ""])


def _multiple(number: int) -> tuple[int, int]:
    """`number` times the base point, by doubling and adding; `number` is from 1 to N - 1."""
    point = G
    for bit in bin(number)[3:]:
        point = _sum(point, point)
        if bit == "1":
            point = _sum(point, G)
    return point


def _sum(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
    """The sum of two points that are equal, or have different x (SEC 1 §2.2.1)."""
    (x, y), (u, v) = one, other
    slope = (3 * x * x - 3) * pow(2 * y, -1, P) if one == other else (v - y) * pow(u - x, -1, P)
    z = (slope * slope - x - u) % P
    return z, (slope * (x - z) - y) % P


def _valkey(made: Values) -> str:
    """Configuration of Valkey: no persistence; a full memory evicts the counters that expire soonest."""
    return "\n".join(
        [
            f"requirepass {made['valkey']}",
            'save ""',
            "appendonly no",
            "maxmemory 64mb",
            "maxmemory-policy volatile-ttl",
            "",
        ]
    )


def prepare(folder: Path) -> None:
    """Creates missing values and rewrites all files; idempotent, also after an interrupted start."""
    made = {name: _kept(folder / MASTER / name, make) for name, make in MADE.items()}
    for consumer, (user, files) in consumers(made).items():
        for name, value in files.items():
            _write(folder / consumer / name, value, user)
        _give(folder / consumer, user, 0o500)


def _kept(file: Path, make: Callable[[], str]) -> str:
    if not file.exists():
        _write(file, make(), os.geteuid())
    return file.read_text(encoding="utf-8")


def _write(file: Path, value: str, user: int) -> None:
    """Writes a file atomically, so that neither a reader nor a start after a crash sees part of a secret."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.draft")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o400)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(value)
        stream.flush()
        os.fsync(stream.fileno())
    _give(draft, user, 0o400)
    draft.replace(file)


def _give(path: Path, user: int, mode: int) -> None:
    path.chmod(mode)
    if os.geteuid() == 0:
        os.chown(path, user, user)


if __name__ == "__main__":
    prepare(Path(sys.argv[1]))
