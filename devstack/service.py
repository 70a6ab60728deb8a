"""Tonegate's own five processes."""

import http.client
import sys
from collections.abc import Callable, Mapping, Sequence

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.ports import Ports
from devstack.process import Farewell, Turn
from devstack.servers.environment import plain_environment
from devstack.settings import is_given, value_of

# Role → arguments of `python -m`, in the order in which they start.
COMMANDS: Mapping[str, Sequence[str]] = {
    "auth": ("auth_service",),
    "converter": ("converter_service", "api"),
    "worker": ("converter_service", "worker"),
    "notification": ("notification_service",),
    "gateway": ("gateway",),
}


class Service(Daemon):
    """`worker` is the first of its role, `worker-2` the second; each has ports of its own."""

    # As in compose.yaml: a mail on its way to a slow server is sent to its end.
    farewell = Farewell(grace_s=120.0, turn=Turn.SERVICE)

    def __init__(
        self, name: str, home: Home, ports: Ports, settings: Callable[[], Mapping[str, str]]
    ) -> None:
        super().__init__(name, home)
        self.role = name.partition("-")[0]
        if self.role not in COMMANDS:
            raise StackError(f"there is no service {name!r}; known: {', '.join(COMMANDS)}")
        self._ports = ports
        self._settings = settings
        self.overrides: dict[str, str] = {}
        self.launcher: tuple[str, ...] = ()

    def configure(self, overrides: Mapping[str, str]) -> "Service":
        """Settings for this process alone, from its next start on; they win over everything else."""
        self.overrides = dict(overrides)
        return self

    def launched_by(self, module: str) -> "Service":
        """From its next start on, a module of one's own that runs the service in its process."""
        self.launcher = (module,)
        return self

    @property
    def port(self) -> int:
        return self._listens_on("PORT", self.name)

    @property
    def metrics_port(self) -> int:
        return self._listens_on("METRICS_PORT", f"{self.name}-metrics")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", *self.launcher, *COMMANDS[self.role]]

    def environment(self) -> Mapping[str, str]:
        prefix = self.role.upper()
        return {
            **plain_environment(),
            **self._settings(),
            f"{prefix}_PORT": str(self.port),
            f"{prefix}_METRICS_PORT": str(self.metrics_port),
            **self.overrides,
        }

    def answers(self) -> bool:
        return self.get("/readyz") == 200

    def get(self, path: str) -> int | None:
        """The status that a GET of this path is answered with; None without an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=4)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def kill(self) -> None:
        """A crash of this process alone: what it started lives on until it notices, or until `stop`."""
        self.process.kill_alone()

    def _listens_on(self, variable: str, name: str) -> int:
        """A port named in the settings counts for the first of its role only."""
        settings, full_name = self._settings(), f"{self.role.upper()}_{variable}"
        if self.name == self.role and is_given(full_name, settings):
            return int(value_of(full_name, settings))
        return self._ports[name]
