"""The whole system as local processes: servers, the five processes of the services, and replicas."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from types import TracebackType
from typing import Self

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.orphan_reaper import OrphanReaper
from devstack.ports import Ports
from devstack.process import end_all, run_concurrently
from devstack.servers.mail import MailSink
from devstack.servers.mongo import Mongo
from devstack.servers.postgres import Postgres
from devstack.servers.rabbitmq import RabbitMQ
from devstack.servers.redis import Redis
from devstack.service import COMMANDS, Service
from devstack.settings import is_given, merged, other_database, scheme, value_of, without_foreign_secrets
from shared.identity.key_pair import generate, public_pem
from shared.settings import Secret

TITLES = {"postgres": "PostgreSQL", "mongo": "MongoDB", "rabbitmq": "RabbitMQ", "mail": "a mail sink"}


class Stack:
    """One stack in its own directory and on its own ports; several can run at the same time.

    `given` are settings by the services' variable names. They override the stack's own choices, and a server
    whose URL is among them is not started. As a context manager the stack stops on exit; if this process dies
    before that, the orphan reaper stops it.
    """

    def __init__(
        self, path: Path, given: Mapping[str, str] | None = None, *, mail_directory: Path | None = None
    ) -> None:
        self.home = Home.at(path)
        self.given = dict(given or {})
        self.ports = Ports(self.home.path / "ports.json")
        self.postgres = Postgres(self.home, self.ports["postgres"])
        self.mongo = Mongo(self.home, self.ports["mongo"])
        self.rabbitmq = RabbitMQ(self.home, self.ports)
        self.mail = MailSink(self.home, self.ports["mail"], mail_directory or self.home.directory("mail"))
        self.redis = Redis(self.home, self.ports["redis"])  # optional: `start` does not include it
        self._services: dict[str, Service] = {}
        self._orphan_reaper = OrphanReaper(self.home)

    @property
    def servers(self) -> list[Daemon]:
        """Servers that this stack runs itself, because no URL is given for them."""
        own = {
            "AUTH_DATABASE_URL": self.postgres,
            "CONVERTER_MONGO_URL": self.mongo,
            "AMQP_URL": self.rabbitmq,
            "NOTIFICATION_SMTP_URL": self.mail,
        }
        return [server for variable, server in own.items() if not is_given(variable, self.given)]

    @property
    def services(self) -> list[Service]:
        """The five processes and all requested replicas."""
        replicas = (name for name in self._services if name not in COMMANDS)
        return [self.service(name) for name in (*COMMANDS, *replicas)]

    def service(self, name: str) -> Service:
        """Returns `auth`, `converter`, `worker`, `notification`, `gateway`, or a replica (`worker-2`)."""
        if name not in self._services:
            role = name.partition("-")[0]
            self._services[name] = Service(name, self.home, self.ports, partial(self.settings, role))
        return self._services[name]

    def part(self, name: str) -> Daemon:
        """Returns `postgres`, `mongo`, `rabbitmq`, `mail` or a service; raises StackError for other names."""
        own: dict[str, Daemon] = {server.name: server for server in self.servers}
        return own.get(name) or self.service(name)

    @property
    def parts(self) -> list[Daemon]:
        """Every server and service, in the order in which they start."""
        return [*self.servers, *self.services]

    @property
    def inventory(self) -> str:
        """What `start` starts, as text for the terminal."""
        servers = ", ".join(TITLES[server.name] for server in self.servers)
        return f"{servers} and the five processes" if servers else "the five processes"

    @property
    def url(self) -> str:
        """Base URL of the gateway."""
        return self.service("gateway").url

    def start(self, *names: str) -> None:
        """Starts all servers and services, or the named ones; on failure stops those it started."""
        chosen = [self.part(name) for name in names] or self.parts
        idle = [daemon for daemon in chosen if not daemon.alive]
        self.watch()
        try:
            self._start_together([daemon for daemon in idle if not isinstance(daemon, Service)])
            self._start_together([daemon for daemon in idle if isinstance(daemon, Service)])
        except BaseException:
            for daemon in reversed(idle):
                daemon.stop()
            if not any(daemon.alive for daemon in self.parts):
                self.stop()
            raise

    def stop(self) -> None:
        """Stops everything, services before servers. Idempotent."""
        run_concurrently([service.stop for service in self.services])
        run_concurrently([server.stop for server in (*self.servers, self.redis)])
        end_all(self.home)
        self._orphan_reaper.dismiss()

    def watch(self) -> None:
        """Starts the orphan reaper: from now on the stack ends with this process."""
        self._orphan_reaper.watch()

    def leave_running(self) -> None:
        """Dismisses the orphan reaper: the stack outlives this process."""
        self._orphan_reaper.dismiss()

    def settings(self, role: str = "") -> dict[str, str]:
        """Environment variables of a service, without the secrets of others; without a role, of an
        administrator.
        """
        scratch = self.home.directory("scratch")
        chosen = {
            "AMQP_URL": self.rabbitmq.url(process=role),
            "AUTH_DATABASE_URL": self.postgres.url(),
            "AUTH_DATA_KEYS": self.home.secret("data-keys", token_urlsafe),
            "AUTH_INTROSPECTION_SECRET": self.home.secret("introspection"),
            "CONVERTER_LINK_KEY": self.home.secret("link-key"),
            "CONVERTER_MONGO_URL": self.mongo.url(),
            "CONVERTER_SCRATCH_DIR": str(scratch),
            "GATEWAY_AUTH_URL": self._internal("auth"),
            "GATEWAY_CONVERTER_URL": self._internal("converter"),
            "GATEWAY_NOTIFICATION_URL": self._internal("notification"),
            "GATEWAY_PUBLIC_KEYS": self._public_keys(),
            "GATEWAY_PUBLIC_URL": self._internal("gateway"),
            "GATEWAY_TOKEN_KEY": self.home.secret("gateway-token-key", _private_key),
            "NOTIFICATION_FROM": "Tonegate <tonegate@localhost>",
            "NOTIFICATION_MONGO_URL": self._ledger(),
            "NOTIFICATION_SMTP_URL": self.mail.url,
            "NOTIFICATION_WEBHOOK_KEY": self.home.secret("webhook-key"),
            "PYTHONUNBUFFERED": "1",
        }
        return without_foreign_secrets(merged(chosen, self.given), role)

    def __enter__(self) -> Self:
        self.watch()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start_together(self, daemons: Sequence[Daemon]) -> None:
        for daemon in daemons:
            daemon.launch()
        for daemon in daemons:
            daemon.wait_ready()

    def _internal(self, role: str) -> str:
        name = f"{role.upper()}_PORT"
        port = value_of(name, self.given) if is_given(name, self.given) else self.ports[role]
        return f"{scheme(self.given)}://127.0.0.1:{port}"

    def _public_keys(self) -> str:
        """The public half of the gateway's key, also of a given one."""
        name = "GATEWAY_TOKEN_KEY"
        if not is_given(name, self.given):
            return public_pem(Secret(self.home.secret("gateway-token-key", _private_key)))
        try:
            return public_pem(Secret(value_of(name, self.given)))
        except ValueError as error:
            raise StackError(f"{name}: {error}") from None

    def _ledger(self) -> str:
        """URL of the notification service's database, on the MongoDB server of the conversions."""
        name = "tonegate_notification"
        if is_given("CONVERTER_MONGO_URL", self.given):
            return other_database(value_of("CONVERTER_MONGO_URL", self.given), name)
        return self.mongo.url(name)


def _private_key(_: int) -> str:
    """A new private key as PEM, in the form of `Home.secret`'s generators."""
    return generate().pem.reveal()
