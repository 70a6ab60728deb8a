"""Preflight check: validates all settings with the services' own schemas before anything starts."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec

from auth_service.settings import AuthSettings
from converter_service.settings import ApiSettings, WorkerSettings
from devstack.errors import StackError
from devstack.settings import is_given, value_of
from devstack.stack import Stack
from gateway.settings import GatewaySettings
from notification_service.settings import NotificationSettings
from shared.process import LoggingSettings
from shared.settings import SettingsError, fields_of, load

SETTINGS: Mapping[str, type[msgspec.Struct]] = {
    "auth": AuthSettings,
    "converter": ApiSettings,
    "worker": WorkerSettings,
    "notification": NotificationSettings,
    "gateway": GatewaySettings,
}
LARGEST_PORT = 65535


def check_settings(stack: Stack) -> None:
    """Raises StackError with one line for each bad setting."""
    problems = list(port_problems(stack.given)) or _service_problems(stack)
    if problems:
        raise StackError("\n".join(["bad settings", *problems]))


def port_problems(given: Mapping[str, str]) -> Iterator[str]:
    """Yields a message for each invalid port number and each port assigned twice."""
    users = defaultdict(list)
    for name in filter(lambda name: is_given(name, given), _port_variables()):
        value = value_of(name, given).strip()
        if _is_port(value):
            users[int(value)].append(name)
        else:
            yield f"{name}: {value!r} is not a port; it needs a number from 1 to {LARGEST_PORT}"
    for port, names in users.items():
        if len(names) > 1:
            yield f"{' and '.join(names)}: {port} can be the port of one of them only"


def _port_variables() -> list[str]:
    variables = [field.variable for struct in SETTINGS.values() for field in fields_of(struct)]
    return [variable for variable in variables if variable.endswith("_PORT")]


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 5 and 1 <= int(text) <= LARGEST_PORT


def _service_problems(stack: Stack) -> list[str]:
    """Messages of the services' settings loaders, without duplicates."""
    problems: dict[str, None] = {}
    for service in stack.services:
        for struct in (SETTINGS[service.role], LoggingSettings):
            try:
                load(struct, service.environment())
            except SettingsError as wrong:
                problems |= dict.fromkeys(str(wrong).splitlines())
    return list(problems)
