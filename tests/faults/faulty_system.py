"""The real system with a proxy on every link and fail points in every service."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
from pymongo import MongoClient

from devstack.process_tree import process_tree
from devstack.settings import other_database
from devstack.stack import Stack
from tests.faults.clock import Clock
from tests.faults.crashing_ffmpeg import CrashingFfmpeg
from tests.faults.disks import Disk
from tests.faults.fail_points import FailPoints, role_of
from tests.faults.proxy import LinkState, Proxies
from tests.faults.replica_set import ReplicaSet
from tests.faults.template import Template
from tests.support.mailbox import Mailbox
from tests.support.system import SETTINGS, Document, System

WORKERS = ("worker", "worker-2")
GATEWAYS = ("gateway", "gateway-2")
SERVERS = ("postgres", "mongo", "rabbitmq", "mail")
SERVICES = ("auth", "converter", *WORKERS, "notification", *GATEWAYS)
# Short leases and retries, because faults are frequent.
QUICK: Mapping[str, str] = {
    **SETTINGS,
    "GATEWAY_TOKEN_CACHE_TTL": "5s",
    "CONVERTER_LEASE": "3s",
    "NOTIFICATION_SMTP_TIMEOUT": "5s",
    "AUTH_ACCESS_TOKEN_TTL": "3h",
    "NOTIFICATION_WEBHOOK_HTTP": "true",
    "NOTIFICATION_WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
    "NOTIFICATION_WEBHOOK_RETRIES": "1s,2s,5s,5s,10s,10s",
}
# Process → parts that it connects to.
CALLS: Mapping[str, tuple[str, ...]] = {
    "client": GATEWAYS,
    "gateway": ("auth", "converter", "notification", "rabbitmq"),
    "gateway-2": ("auth", "converter", "notification", "rabbitmq"),
    "auth": ("postgres", "rabbitmq"),
    "converter": ("mongo", "rabbitmq"),
    "worker": ("mongo", "rabbitmq"),
    "worker-2": ("mongo", "rabbitmq"),
    "notification": ("mongo", "rabbitmq", "mail"),
}


class FaultySystem(System):
    """A System whose services have fail points and reach each other through proxies."""

    def __init__(
        self,
        stack: Stack,
        proxies: Proxies,
        folder: Path,
        *,
        disks: Mapping[str, Disk],
        members: ReplicaSet | None,
    ) -> None:
        self.mongo_url = members.url if members else stack.mongo.url()
        super().__init__(stack, Mailbox(stack.mail.directory), self.mongo_url, stack.rabbitmq.url())
        self.proxies = proxies
        self.disks = disks
        self.members = members
        self._folder = folder
        self.crashing_ffmpeg = CrashingFfmpeg(folder / "bin")
        self._template = Template()

    def begin(self) -> None:
        """Starts all proxies, servers and services."""
        for caller, called in CALLS.items():
            for name in self._linked(called):
                self.proxies.link(f"{caller}>{name}", self.stack.ports[f"{caller}>{name}"], self._port(name))
        self.crashing_ffmpeg.install()
        for name in SERVICES:
            self._template.forks(self.stack.service(name)).configure(self._environment(name))
        self.stack.start()
        # A node killed within moments of declaring its queues forgets them (rabbitmq-server#15725).
        self.stack.rabbitmq.control("eval", "ok = dets:sync(ra_directory_reverse).")

    def close(self) -> None:
        """Ends what is not part of the stack."""
        self._template.close()

    @property
    def urls(self) -> list[str]:
        """URLs of both gateways; clients use the other when one refuses connections."""
        return [self.stack.service(name).url for name in GATEWAYS]

    @property
    def urls_over_links(self) -> list[str]:
        """URLs of the gateways through proxies, which accept connections even if the gateway is down."""
        return [f"http://127.0.0.1:{self.proxies.links[f'client>{name}'].port}" for name in GATEWAYS]

    def plant(self, name: str, bug: str | None) -> None:
        """Restarts a service with a planted defect; without it if `bug` is None."""
        given = {"FAULTS_BUG": bug} if bug else {}
        self.stop(name)
        self.stack.service(name).configure({**self._environment(name), **given})
        self.start(name)

    def points(self, name: str) -> FailPoints:
        """Fail points of one process, by its name."""
        return FailPoints(self._folder / name / role_of(name))

    def clock(self, name: str) -> Clock:
        """Clock of one process, by its name."""
        return Clock(self._folder / name)

    def pid(self, name: str) -> int | None:
        return self.stack.service(name).process.pid

    def exit_code(self, name: str) -> int | None:
        """Exit code of a process that has ended."""
        return self.stack.service(name).process.exit_code

    def turn(self, link: str, state: LinkState) -> None:
        self.proxies.links[link].turn(state)

    def is_alive(self, name: str) -> bool:
        return self._part(name).alive

    def freeze(self, name: str) -> None:
        for process in self._processes(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.suspend()

    def thaw(self, name: str) -> None:
        for process in self._processes(name):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()

    def _processes(self, name: str) -> list[psutil.Process]:
        """Processes to freeze; PostgreSQL has one per connection, and each must be frozen."""
        members = process_tree(self._part(name).process.pid)
        return members if name == "postgres" else members[:1]

    def is_frozen(self, name: str) -> bool:
        pid = self._part(name).process.pid
        return pid is not None and is_stopped(pid)

    def revive(self) -> None:
        """Heals all links, disks and clocks, resumes frozen parts and restarts stopped ones."""
        for link in self.proxies.links.values():
            link.turn(LinkState.FAIR)
        for disk in self.disks.values():
            disk.free()
        for name in SERVICES:
            self.clock(name).shift(0.0)
        if self.members:
            self.members.revive()
        dead = [name for name in self.parts if not self.is_alive(name)]
        for name in self.parts:
            if name not in dead:
                self.thaw(name)
        if dead:
            self.start(*dead)

    def is_whole(self) -> bool:
        """True if no part that `revive` would start is dead."""
        return all(self.is_alive(name) for name in self.parts)

    @property
    def parts(self) -> list[str]:
        """Servers, then services; without `mongo` if a replica set replaces it."""
        return [*(name for name in SERVERS if not (self.members and name == "mongo")), *SERVICES]

    def taken_over(self) -> int:
        """Number of finished conversions with more than one run."""
        over = {"attempts": {"$gte": 2}, "status": {"$in": ["completed", "failed"]}}
        with MongoClient[Document](self.mongo_url) as client:
            return client["tonegate"]["conversions"].count_documents(over)

    def is_ready(self) -> bool:
        """Returns True if every service reports readiness."""
        return all(self.stack.service(name).is_ready() for name in SERVICES)

    def _linked(self, called: Sequence[str]) -> list[str]:
        """Parts reached through a proxy; drivers connect to members of a replica set directly."""
        return [name for name in called if not (self.members and name == "mongo")]

    def _port(self, name: str) -> int:
        servers = {server.name: server.port for server in (self.stack.mongo, self.stack.mail)}
        servers |= {"postgres": self.stack.postgres.port, "rabbitmq": self.stack.rabbitmq.port}
        return servers.get(name) or self.stack.service(name).port

    def _environment(self, name: str) -> Mapping[str, str]:
        through = {called: self.stack.ports[f"{name}>{called}"] for called in self._linked(CALLS[name])}
        direct = f"mongodb://127.0.0.1:{through.get('mongo')}/tonegate?directConnection=true"
        every = {
            "auth": ("GATEWAY_AUTH_URL",),
            "converter": ("GATEWAY_CONVERTER_URL",),
            "notification": ("GATEWAY_NOTIFICATION_URL",),
            "mail": ("NOTIFICATION_SMTP_URL",),
        }
        given = {
            variable: f"{'smtp' if called == 'mail' else 'http'}://127.0.0.1:{through[called]}"
            for called, variables in every.items()
            if called in through
            for variable in variables
        }
        if "mongo" in through:
            given |= {"CONVERTER_MONGO_URL": direct}
            given |= {"NOTIFICATION_MONGO_URL": other_database(direct, "tonegate_notification")}
        if "rabbitmq" in through:
            own = self.stack.rabbitmq.url(process=name.partition("-")[0])
            given["AMQP_URL"] = _on(own, through["rabbitmq"])
        if "postgres" in through:
            given["AUTH_DATABASE_URL"] = _on(self.stack.postgres.url(), through["postgres"])
        if "scratch" in self.disks and name.startswith("worker"):
            given["CONVERTER_SCRATCH_DIR"] = str(self.disks["scratch"].path)
        if name in WORKERS:
            given["PATH"] = self.crashing_ffmpeg.path
        return {**given, "FAULTS_FOLDER": str(self._folder / name)}


def is_stopped(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_STOPPED
    except psutil.NoSuchProcess:
        return False


def _on(url: str, port: int) -> str:
    """Returns the URL with another port on 127.0.0.1."""
    head, at, tail = url.rpartition("@")
    place, slash, path = tail.partition("/")
    return f"{head}{at}{place.partition(':')[0]}:{port}{slash}{path}"
