"""`make up` and `make down`: runs the whole system in the background; data survives `down`."""

from collections.abc import Mapping
from pathlib import Path

from devstack.errors import StackError
from devstack.home import Home, exclusive
from devstack.ports import is_free
from devstack.preflight import check_settings
from devstack.process import end_all
from devstack.saved_settings import SavedSettings
from devstack.settings import is_given
from devstack.stack import Stack
from devstack.supervisor import Supervisor

DEFAULT_PORT = "8000"


class Background:
    """The stack below the directory `state`; running processes, not a file, decide whether it is up."""

    def __init__(self, state: Path, given: Mapping[str, str]) -> None:
        self._home = Home.at(state)
        self._given = given
        self._saved = SavedSettings(self._home)

    def up(self) -> None:
        """Starts or repairs the stack; prints its address and returns when every part is ready."""
        with exclusive(self._home):
            chosen = self._saved.load()
            known = Stack(self._home.path, _with_port(chosen or self._given))
            alive = [part for part in known.parts if part.alive]
            if len(alive) == len(known.parts):
                self._already_up(known)
            else:
                # A stack that is partly up is repaired with the settings that it was started with.
                self._start(_with_port({**chosen, **self._given} if alive else self._given))

    def down(self) -> None:
        """Stops everything that `up` started; prints whether anything ran."""
        with exclusive(self._home):
            ended = end_all(self._home)
            self._saved.forget()
            print("Tonegate is down." if ended else "Tonegate was not up.")

    def _already_up(self, stack: Stack) -> None:
        print(f"Tonegate is already up: {stack.url}")
        changed = [name for name, value in self._given.items() if stack.given.get(name) != value]
        if changed:
            print(f"Changed settings take effect after `make down`: {', '.join(changed)}")
        if not Supervisor(self._home).alive:
            self._keep(stack)

    def _start(self, given: Mapping[str, str]) -> None:
        stack = Stack(self._home.path, given)
        check_settings(stack)
        end_all(self._home)
        self._saved.forget()
        port = stack.service("gateway").port
        if not is_free(port):
            raise StackError(
                f"port {port} is taken by another program; choose another: make up GATEWAY_PORT=8080"
            )
        stack.ports.leave_occupied()
        stack = Stack(self._home.path, given)
        print(f"Starting {stack.inventory} ...", flush=True)
        stack.start()
        self._keep(stack)
        stack.leave_running()
        print(f"Tonegate is up: {stack.url}\nmail: {_mail(stack)}\nlogs: {self._home.path / 'logs'}")

    def _keep(self, stack: Stack) -> None:
        self._saved.save(stack.given)
        Supervisor(self._home).start()


def _with_port(given: Mapping[str, str]) -> dict[str, str]:
    return dict(given) if is_given("GATEWAY_PORT", given) else {"GATEWAY_PORT": DEFAULT_PORT, **given}


def _mail(stack: Stack) -> str:
    own = stack.mail in stack.servers
    return str(stack.mail.directory) if own else "goes to the server in NOTIFICATION_SMTP_URL"
