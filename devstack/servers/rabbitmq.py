"""Private RabbitMQ node from the system's package, separate from the package's own node."""

import json
import secrets
import shutil
import socket
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home, write_private
from devstack.ports import Ports
from devstack.process import StopPolicy
from devstack.servers.environment import plain_environment
from devstack.servers.epmd import Epmd
from shared.messaging.processes import PROCESSES
from shared.messaging.rabbitmq.definitions import topology
from shared.messaging.rabbitmq.topology import Names

ADMINISTRATOR = "tonegate"
USERS = {each.name: each.user for each in PROCESSES}
CONTROL_TIMEOUT_S = 180
# AMQP 0-9-1 §4.2.2 and §4.2.3: the client's protocol header, and the start of the server's method frame.
GREETING, METHOD_FRAME = b"AMQP\x00\x00\x09\x01", b"\x01\x00\x00"

CONFIGURATION = """\
listeners.tcp.local = 127.0.0.1:{port}
# Imported at each start.
load_definitions = {definitions}
# A conversion is acknowledged when it has finished, possibly after hours.
consumer_timeout = 86400000
log.console = true
log.console.level = info
log.connection.level = warning
"""


class RabbitMQ(Daemon):
    """Listens on 127.0.0.1 only. Has an administrator and a limited user for each process."""

    stop_policy = StopPolicy(grace_s=30.0)

    def __init__(self, home: Home, ports: Ports, name: str = "rabbitmq") -> None:
        super().__init__(name, home)
        self._ports = ports
        self.port = ports[name]
        self._epmd = Epmd(home, ports[f"{name}-epmd"], f"{name}-epmd")

    def url(self, vhost: str = "", process: str = "") -> str:
        """Returns the AMQP URL of a virtual host, of `/` without a name; with the administrator as user, or
        the user of a process.
        """
        user = USERS[process] if process else ADMINISTRATOR
        return f"amqp://{user}:{self._password(user)}@127.0.0.1:{self.port}/{vhost or '%2F'}"

    def prepare(self) -> None:
        directory = self.home.directory(self.name)
        definitions = directory / "definitions.json"
        write_private(definitions, json.dumps(self._definitions("/")))
        settings = CONFIGURATION.format(port=self.port, definitions=definitions)
        write_private(directory / "rabbitmq.conf", settings)
        (directory / "enabled_plugins").write_text("[].\n")
        if not self._epmd.alive:
            self._epmd.start()

    def command(self) -> Sequence[str]:
        return [str(scripts() / "rabbitmq-server")]

    def environment(self) -> Mapping[str, str]:
        directory = self.home.directory(self.name)
        return {
            **plain_environment(),
            "HOME": str(directory),  # holds the Erlang cookie
            "ERL_EPMD_PORT": str(self._epmd.port),
            "ERL_CRASH_DUMP": str(directory / "erl_crash.dump"),
            # A long node name may contain an IP address, so no name has to be resolved.
            "RABBITMQ_NODENAME": f"{self.name}@127.0.0.1",
            "RABBITMQ_USE_LONGNAME": "true",
            "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODE_PORT": str(self.port),
            "RABBITMQ_DIST_PORT": str(self._ports[f"{self.name}-dist"]),
            "RABBITMQ_CONF_ENV_FILE": str(directory / "no-rabbitmq-env.conf"),
            "RABBITMQ_CONFIG_FILE": str(directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(directory / "no-advanced.config"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(directory / "enabled_plugins"),
            "RABBITMQ_GENERATED_CONFIG_DIR": str(directory / "generated"),
            "RABBITMQ_MNESIA_BASE": str(directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(directory),
            "RABBITMQ_LOGS": "-",
            "RABBITMQ_PID_FILE": str(directory / "pid"),
            # Makes the script exec the node, so that signals reach the node itself.
            "RUNNING_UNDER_SYSTEMD": "true",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS":
                "-kernel inet_dist_use_interface {127,0,0,1}",
        }  # fmt: skip

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=4) as connection:
                connection.sendall(GREETING)
                return connection.recv(3) == METHOD_FRAME
        except OSError:
            return False

    def stop(self) -> None:
        super().stop()
        self._epmd.stop()

    def new_vhosts(self, count: int) -> list[str]:
        """Creates empty virtual hosts in one call; returns their URLs."""
        names = [f"t{secrets.token_hex(6)}" for _ in range(count)]
        each = "".join(
            f'ok = rabbit_vhost:add(<<"{name}">>, <<"{ADMINISTRATOR}">>),'
            f'ok = rabbit_auth_backend_internal:set_permissions(<<"{ADMINISTRATOR}">>, <<"{name}">>,'
            f' <<".*">>, <<".*">>, <<".*">>, <<"{ADMINISTRATOR}">>),'
            for name in names
        )
        self.control("eval", f"{each} ok.")
        return [self.url(name) for name in names]

    def new_limited_vhost(self) -> str:
        """Creates a virtual host with the topology and the users' permissions; returns its name."""
        name = f"t{secrets.token_hex(6)}"
        file = self.home.directory(self.name) / f"{name}.json"
        write_private(file, json.dumps(self._definitions(name)))
        self.control("import_definitions", str(file))
        return name

    def control(self, *arguments: str) -> str:
        """Runs `rabbitmqctl` for this node; returns its output, raises StackError on failure."""
        done = subprocess.run(
            [str(scripts() / "rabbitmqctl"), "--quiet", *arguments],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=CONTROL_TIMEOUT_S,
            check=False,
        )
        if done.returncode != 0:
            raise StackError(
                f"rabbitmqctl {arguments[0]} failed: {(done.stderr + done.stdout).strip()[-2000:]}"
            )
        return done.stdout.strip()

    def _definitions(self, vhost: str) -> dict[str, object]:
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        made = topology(vhost, PROCESSES, Names())
        administrator = {"user": ADMINISTRATOR, "vhost": vhost, **everything}
        return {
            **made,
            "users": [
                {"name": user, "password": self._password(user), "tags": ""}
                for user in (ADMINISTRATOR, *USERS.values())
            ],
            "vhosts": [{"name": vhost}],
            "permissions": [administrator, *made["permissions"]],
        }

    def _password(self, user: str) -> str:
        name = "password" if user == ADMINISTRATOR else user
        return self.home.secret(f"{self.name}-{name}")


def scripts() -> Path:
    """Directory of the server's scripts; not Debian's wrappers in /usr/sbin, which change user and HOME."""
    debian = Path("/usr/lib/rabbitmq/bin")
    if (debian / "rabbitmq-server").exists():
        return debian
    found = shutil.which("rabbitmq-server")
    if found is None:
        raise StackError("RabbitMQ is missing: `apt-get install rabbitmq-server` or `brew install rabbitmq`")
    return Path(found).parent
