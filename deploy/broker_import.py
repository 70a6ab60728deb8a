"""Imports RabbitMQ's users, exchanges, queues, bindings and permissions by its management API.

`python broker_import.py TOPOLOGY FOLDER`: FOLDER holds `management_url`, with an administrator's name and
password, and for each process a file with its AMQP URL, which names its user, its password and the virtual
host. An import changes what differs and removes nothing. Only the standard library is used.
"""

import base64
import hashlib
import json
import os
import sys
import urllib.request
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

PROCESSES = ("gateway", "auth", "converter", "worker", "notification")
KINDS = ("exchanges", "queues", "bindings", "permissions", "topic_permissions")
TIMEOUT_S = 60.0
# Kind → entries (https://www.rabbitmq.com/docs/definitions).
Kinds = dict[str, list[dict[str, object]]]


def definitions(topology: Kinds, urls: dict[str, str]) -> Kinds:
    """The topology with the users of `urls`, by process, in the virtual host of the URLs.

    Raises ValueError for URLs of several virtual hosts, and for a process without the user of its name, which
    would get the rights of another one.
    """
    parts = {name: urlsplit(url) for name, url in urls.items()}
    hosts = {_vhost(each) for each in parts.values()}
    if len(hosts) != 1:
        raise ValueError("the AMQP URLs name several virtual hosts")
    for name, each in parts.items():
        if unquote(each.username or "") != f"tonegate-{name}" or not each.password:
            raise ValueError(f"the AMQP URL of {name} needs the user tonegate-{name} and a password")
    [host] = hosts
    users: list[dict[str, object]] = [
        {
            "name": unquote(each.username or ""),
            "password_hash": password_hash(unquote(each.password or ""), os.urandom(4)),
            "hashing_algorithm": "rabbit_password_hashing_sha256",
            "tags": [],
        }
        for each in parts.values()
    ]
    moved = {kind: [{**entry, "vhost": host} for entry in topology[kind]] for kind in KINDS}
    return {"users": users, "vhosts": [{"name": host}], **moved}


def _vhost(url: SplitResult) -> str:
    return unquote(url.path.removeprefix("/")) or "/"


def password_hash(password: str, salt: bytes) -> str:
    """base64(salt + SHA-256(salt + password)) (https://www.rabbitmq.com/docs/passwords)."""
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def send(management_url: str, body: Kinds) -> None:
    """Posts definitions to the management API. Raises OSError unless the server accepts them."""
    url = urlsplit(management_url)
    if url.scheme not in {"http", "https"}:
        raise ValueError("management_url needs a form such as http://admin:password@rabbitmq:15672")
    login = f"{unquote(url.username or '')}:{unquote(url.password or '')}".encode()
    address = f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path.rstrip('/')}/api/definitions"
    request = urllib.request.Request(  # noqa: S310, the scheme was checked
        address,
        json.dumps(body).encode(),
        {"Authorization": f"Basic {base64.b64encode(login).decode()}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
        return


def main(topology: Path, folder: Path) -> None:
    urls = {name: (folder / name).read_text(encoding="utf-8").strip() for name in PROCESSES}
    management_url = (folder / "management_url").read_text(encoding="utf-8").strip()
    send(management_url, definitions(json.loads(topology.read_text(encoding="utf-8")), urls))
    sys.stdout.write("users, exchanges, queues and permissions are in place\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
