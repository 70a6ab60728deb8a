"""Connections to each server over TLS: with its authority, with another authority, and by another name.

The servers' certificate is for 127.0.0.1 only, so `localhost` is another name for each of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psutil
import pytest
from coredis import Redis as Client
from coredis.exceptions import ConnectionError as RedisConnectionError
from pymongo.errors import ServerSelectionTimeoutError
from sqlalchemy import text

from auth_service.database.connection import Bounds, create_engine, one_connection
from devstack.stack import Stack
from gateway.redis_pool import redis_pool
from shared.messaging.errors import NotReady
from shared.messaging.rabbitmq.connection import Connection
from shared.messaging.rabbitmq.timeouts import Timing
from shared.mongo import connect
from shared.settings import Secret
from tests.support.authority import Authority, Issued
from tests.support.tls_servers import TlsMongo, TlsPostgres, TlsRabbitMQ, TlsRedis
from tests.support.wait import until

Server = TypeVar("Server", TlsPostgres, TlsMongo, TlsRabbitMQ, TlsRedis)

HOST, OTHER_NAME = "127.0.0.1", "localhost"


@pytest.fixture(scope="module")
def folder(idle_servers: Stack) -> Path:
    return idle_servers.home.directory("tls", mode=0o755)


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def issued(authority: Authority) -> Issued:
    return authority.issue(HOST)


@pytest.fixture(scope="module")
def roots(authority: Authority) -> Path:
    return authority.certificate


@pytest.fixture(scope="module")
def other_roots(folder: Path) -> Path:
    return Authority(folder, "Another CA").certificate


@contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture(scope="module")
def tls_postgres(idle_servers: Stack, issued: Issued) -> Iterator[TlsPostgres]:
    with running(TlsPostgres(idle_servers.home, idle_servers.ports["postgres-tls"], issued)) as server:
        yield server


@pytest.fixture(scope="module")
def tls_mongo(idle_servers: Stack, issued: Issued) -> Iterator[TlsMongo]:
    with running(TlsMongo(idle_servers.home, idle_servers.ports["mongo-tls"], issued)) as server:
        yield server


@pytest.fixture(scope="module")
def tls_rabbitmq(idle_servers: Stack, issued: Issued) -> Iterator[TlsRabbitMQ]:
    with running(TlsRabbitMQ(idle_servers.home, idle_servers.ports, issued)) as server:
        yield server


@pytest.fixture(scope="module")
def tls_redis(idle_servers: Stack, issued: Issued) -> Iterator[TlsRedis]:
    with running(TlsRedis(idle_servers.home, idle_servers.ports, issued)) as server:
        yield server


def postgres_url(server: TlsPostgres, host: str, **query: object) -> Secret:
    parameters = "&".join(f"{name}={value}" for name, value in query.items())
    return Secret(f"{server.url('postgres')}?{parameters}".replace(f"@{HOST}:", f"@{host}:"))


async def is_encrypted(url: Secret) -> bool:
    query = text("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
    async with one_connection(url, command_s=10) as connection:
        alone = bool(await connection.scalar(query))
    engine = create_engine(url, Bounds(connect_s=20))
    async with engine.connect() as connection:
        pooled = bool(await connection.scalar(query))
    await engine.dispose()
    assert alone == pooled
    return alone


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
async def test_postgresql_with_its_authority(tls_postgres: TlsPostgres, roots: Path, mode: str) -> None:
    assert await is_encrypted(postgres_url(tls_postgres, HOST, sslmode=mode, sslrootcert=roots))


async def test_postgresql_with_the_authorities_of_the_system(
    tls_postgres: TlsPostgres, roots: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        await is_encrypted(postgres_url(tls_postgres, HOST, sslmode="verify-full"))
    monkeypatch.setenv("SSL_CERT_FILE", str(roots))
    assert await is_encrypted(postgres_url(tls_postgres, HOST, sslmode="verify-full"))
    assert await is_encrypted(postgres_url(tls_postgres, HOST, sslrootcert="system"))


@pytest.mark.parametrize("mode", ["verify-full", "verify-ca", "require"])
async def test_postgresql_with_another_authority(
    tls_postgres: TlsPostgres, other_roots: Path, mode: str
) -> None:
    with pytest.raises(OSError, match="certificate verify failed"):
        await is_encrypted(postgres_url(tls_postgres, HOST, sslmode=mode, sslrootcert=other_roots))


async def test_postgresql_by_another_name(tls_postgres: TlsPostgres, roots: Path) -> None:
    with pytest.raises(OSError, match="Hostname mismatch"):
        await is_encrypted(postgres_url(tls_postgres, OTHER_NAME, sslmode="verify-full", sslrootcert=roots))
    assert await is_encrypted(postgres_url(tls_postgres, OTHER_NAME, sslmode="verify-ca", sslrootcert=roots))


async def ping_mongo(server: TlsMongo, host: str, roots: Path) -> None:
    url = f"mongodb://{host}:{server.port}/?directConnection=true&tls=true&tlsCAFile={roots}"
    async with connect(Secret(url)) as client:
        assert (await client.admin.command("ping"))["ok"] == 1


async def test_mongodb_with_its_authority(tls_mongo: TlsMongo, roots: Path) -> None:
    await ping_mongo(tls_mongo, HOST, roots)


async def test_mongodb_with_another_authority(tls_mongo: TlsMongo, other_roots: Path) -> None:
    with pytest.raises(ServerSelectionTimeoutError, match="certificate verify failed"):
        await ping_mongo(tls_mongo, HOST, other_roots)


async def test_mongodb_by_another_name(tls_mongo: TlsMongo, roots: Path) -> None:
    with pytest.raises(ServerSelectionTimeoutError, match="Hostname mismatch"):
        await ping_mongo(tls_mongo, OTHER_NAME, roots)


async def nothing_to_set_up(*_: object) -> None:
    """A connection without queues."""


def rabbitmq_connection(server: TlsRabbitMQ, host: str, roots: Path) -> Connection:
    return Connection(f"{server.tls_url(host)}?cafile={roots}", "tls-test", nothing_to_set_up, Timing())


async def test_rabbitmq_with_its_authority(tls_rabbitmq: TlsRabbitMQ, roots: Path) -> None:
    async with rabbitmq_connection(tls_rabbitmq, HOST, roots) as connection:
        await connection.ready()
        await connection.check()


async def refusal_of(connection: Connection) -> str:
    """Why the connection is not there, once it has been tried."""

    async def reason() -> str:
        try:
            await connection.check()
        except NotReady as error:
            return "" if "not connected yet" in str(error) else str(error)
        raise AssertionError("it is connected")

    async with connection:
        return await until(reason, what="the connection is tried")


async def test_rabbitmq_with_another_authority(tls_rabbitmq: TlsRabbitMQ, other_roots: Path) -> None:
    refused = await refusal_of(rabbitmq_connection(tls_rabbitmq, HOST, other_roots))
    assert "certificate verify failed" in refused


async def test_rabbitmq_by_another_name(tls_rabbitmq: TlsRabbitMQ, roots: Path) -> None:
    refused = await refusal_of(rabbitmq_connection(tls_rabbitmq, OTHER_NAME, roots))
    assert "Hostname mismatch" in refused


async def ping_redis(server: TlsRedis, host: str, query: str) -> None:
    pool = redis_pool(f"rediss://{host}:{server.tls_port}/0{query}")
    client = Client(connection_pool=pool)
    try:
        assert await client.ping()
    finally:
        pool.disconnect()
        await until(lambda: not is_connected(server.tls_port), what="the end of the TLS connections")


def is_connected(port: int) -> bool:
    """True while this process has a connection to the port."""
    return any(each.raddr and each.raddr.port == port for each in psutil.Process().net_connections("tcp"))


async def test_redis_with_its_authority(tls_redis: TlsRedis, roots: Path) -> None:
    await ping_redis(tls_redis, HOST, f"?ssl_ca_certs={roots}")


@pytest.mark.parametrize("known", [True, False])
async def test_redis_with_another_authority(tls_redis: TlsRedis, other_roots: Path, known: bool) -> None:
    with pytest.raises(RedisConnectionError, match="certificate verify failed"):
        await ping_redis(tls_redis, HOST, f"?ssl_ca_certs={other_roots}" if known else "")


async def test_redis_by_another_name(tls_redis: TlsRedis, roots: Path) -> None:
    with pytest.raises(RedisConnectionError, match="Hostname mismatch"):
        await ping_redis(tls_redis, OTHER_NAME, f"?ssl_ca_certs={roots}")
