"""The real servers with TLS switched on. Their own readiness checks stay in plain text, clients use TLS."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from devstack.home import Home
from devstack.ports import Ports
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.servers.rabbitmq import RabbitMQ
from devstack.servers.redis import Redis
from devstack.servers.unprivileged import give_to_unprivileged
from tests.support.authority import Issued


class TlsPostgres(Postgres):
    """Debian's PostgreSQL: the programs of the wheel are built without TLS."""

    def __init__(self, home: Home, port: int, issued: Issued) -> None:
        super().__init__(home, port, "postgres-tls")
        self._issued = issued
        installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
        if not installed:
            pytest.skip("no PostgreSQL with TLS: apt-get install postgresql")
        self._programs = installed[-1].parent

    def _binary(self, program: str) -> str:
        return str(self._programs / program)

    def prepare(self) -> None:
        super().prepare()
        give_to_unprivileged(self._issued.key)

    def command(self) -> Sequence[str]:
        options = (
            "ssl=on",
            f"ssl_cert_file={self._issued.certificate}",
            f"ssl_key_file={self._issued.key}",
        )
        return [*super().command(), *(part for option in options for part in ("-c", option))]


class TlsMongo(Mongo):
    def __init__(self, home: Home, port: int, issued: Issued) -> None:
        super().__init__(home, port, "mongo-tls")
        self._issued = issued

    def prepare(self) -> None:
        super().prepare()
        self._pem.write_bytes(self._issued.certificate.read_bytes() + self._issued.key.read_bytes())

    def command(self) -> Sequence[str]:
        authority = f"--tlsCAFile={self._issued.certificate}"  # of clients, of which none has a certificate
        mode = ("--tlsMode=preferTLS", "--tlsAllowConnectionsWithoutCertificates")
        return [*super().command(), *mode, f"--tlsCertificateKeyFile={self._pem}", authority]

    @property
    def _pem(self) -> Path:
        return self.home.path / f"{self.name}.pem"


class TlsRabbitMQ(RabbitMQ):
    def __init__(self, home: Home, ports: Ports, issued: Issued) -> None:
        super().__init__(home, ports, "rabbitmq-tls")
        self.tls_port = ports["rabbitmq-tls-listener"]
        self._issued = issued

    def prepare(self) -> None:
        super().prepare()
        configuration = self.home.directory(self.name) / "rabbitmq.conf"
        settings = {
            "listeners.ssl.local": f"127.0.0.1:{self.tls_port}",
            "ssl_options.certfile": str(self._issued.certificate),
            "ssl_options.keyfile": str(self._issued.key),
            "ssl_options.verify": "verify_none",  # clients have no certificates
        }
        with configuration.open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in settings.items())

    def tls_url(self, host: str) -> str:
        plain = self.url().replace("amqp://", "amqps://")
        return plain.replace(f"@127.0.0.1:{self.port}", f"@{host}:{self.tls_port}")


class TlsRedis(Redis):
    def __init__(self, home: Home, ports: Ports, issued: Issued) -> None:
        super().__init__(home, ports["redis-tls"], "redis-tls")
        self.tls_port = ports["redis-tls-listener"]
        self._issued = issued

    def command(self) -> Sequence[str]:
        options = {
            "tls-port": str(self.tls_port),
            "tls-cert-file": str(self._issued.certificate),
            "tls-key-file": str(self._issued.key),
            "tls-ca-cert-file": str(self._issued.certificate),  # of clients, of which none has a certificate
            "tls-auth-clients": "no",
        }
        given = [part for name, value in options.items() for part in (f"--{name}", value)]
        return [*super().command(), *given]
