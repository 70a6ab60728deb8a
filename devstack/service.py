"""The five processes of Tonegate: gateway, auth, converter api, converter worker, notification."""

import http.client
import ssl
import sys
from collections.abc import Callable, Mapping, Sequence

from devstack.daemon import Daemon
from devstack.errors import StackError
from devstack.home import Home
from devstack.ports import Ports
from devstack.process import StopOrder, StopPolicy
from devstack.servers.environment import plain_environment
from devstack.settings import is_given, scheme, value_of

# Role → arguments of `python -m`, in the order in which they start.
COMMANDS: Mapping[str, Sequence[str]] = {
    "auth": ("auth_service",),
    "converter": ("converter_service", "api"),
    "worker": ("converter_service", "worker"),
    "notification": ("notification_service",),
    "gateway": ("gateway",),
}


class Service(Daemon):
    """One service process. `worker` and `worker-2` are replicas of one role with separate ports."""

    # As in compose.yaml: long enough to finish sending a mail to a slow server.
    stop_policy = StopPolicy(grace_s=120.0, turn=StopOrder.SERVICE)

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
        self.modules: tuple[str, ...] = ()

    def configure(self, overrides: Mapping[str, str]) -> "Service":
        """Sets variables for this process only, which override all others from its next start on."""
        self.overrides = dict(overrides)
        return self

    def launched_by(self, module: str) -> "Service":
        """Runs the service through another module (`python -m MODULE SERVICE`) from its next start on."""
        self.modules = (module,)
        return self

    @property
    def port(self) -> int:
        return self._listens_on("PORT", self.name)

    @property
    def metrics_port(self) -> int:
        return self._listens_on("METRICS_PORT", f"{self.name}-metrics")

    @property
    def url(self) -> str:
        return f"{scheme(self._settings())}://127.0.0.1:{self.port}"

    def command(self) -> Sequence[str]:
        return [sys.executable, "-m", *self.modules, *COMMANDS[self.role]]

    def environment(self) -> Mapping[str, str]:
        prefix = self.role.upper()
        return {
            **plain_environment(),
            **self._settings(),
            f"{prefix}_PORT": str(self.port),
            f"{prefix}_METRICS_PORT": str(self.metrics_port),
            **self.overrides,
        }

    def is_ready(self) -> bool:
        return self.get("/readyz") == 200

    def get(self, path: str) -> int | None:
        """Returns the status of a GET request; None without a response."""
        connection = self._connection()
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    def _connection(self) -> http.client.HTTPConnection:
        """Trusts TLS_CA where the service has a certificate."""
        settings = self._settings()
        if scheme(settings) == "http":
            return http.client.HTTPConnection("127.0.0.1", self.port, timeout=4)
        context = ssl.create_default_context(cafile=settings.get("TLS_CA"))
        return http.client.HTTPSConnection("127.0.0.1", self.port, timeout=4, context=context)

    def kill(self) -> None:
        """Simulates a crash of this process only; `stop` ends the descendants it leaves behind."""
        self.process.kill_alone()

    def _listens_on(self, variable: str, name: str) -> int:
        """Returns the port from the settings for the first replica of a role, else an allocated one."""
        settings, full_name = self._settings(), f"{self.role.upper()}_{variable}"
        if self.name == self.role and is_given(full_name, settings):
            return int(value_of(full_name, settings))
        return self._ports[name]
