"""The page docs/configuration.md, made from the settings: `python -m deploy.configuration_reference`."""

import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from types import MappingProxyType

import msgspec

from auth_service.settings import AuthSettings, CommandSettings
from backup.settings import BackupSettings
from converter_service.settings import ApiSettings, DeadLetterSettings, WorkerSettings
from gateway.settings import GatewaySettings
from notification_service.settings import NotificationSettings
from shared.process import LoggingSettings
from shared.settings import Secret, SettingsField, expected, fields_of
from shared.settings.descriptions import descriptions_of
from shared.settings.parsers import PARSERS

HEAD = """# Configuration

<!-- Made by `python -m deploy.configuration_reference`; a test compares this page with the code. -->

Every process reads its settings from environment variables, once, when it starts. `NAME_FILE=/path` reads
the value of `NAME` from a file. An empty variable counts as unset. Durations are seconds or `90s`, `15m`,
`2h`, `7d`; lists are comma-separated; rates look like `10/minute`.

`check-config` says what is wrong before anything starts ([operations](operations.md#settings)).

The processes: `gateway`; `auth`, which is auth_service; `converter` and `worker`, which are the api and the
worker of converter_service; `notification`. `command` are the commands for operators, `backup` is
`python -m backup`.
"""
READERS: Mapping[str, tuple[type[msgspec.Struct], ...]] = MappingProxyType(
    {
        "gateway": (GatewaySettings, LoggingSettings),
        "auth": (AuthSettings, LoggingSettings),
        "converter": (ApiSettings, LoggingSettings),
        "worker": (WorkerSettings, LoggingSettings),
        "notification": (NotificationSettings, LoggingSettings),
        "command": (CommandSettings, DeadLetterSettings),
        "backup": (BackupSettings,),
    }
)
SECTIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "All processes": ("LOG_", "TLS_", "AMQP_"),
        "Gateway": ("GATEWAY_",),
        "Accounts": ("AUTH_",),
        "Conversions": ("CONVERTER_", "WORKER_"),
        "Mails and webhooks": ("NOTIFICATION_",),
    }
)


class Setting(msgspec.Struct):
    """A variable and the processes that read it."""

    field: SettingsField
    description: str
    readers: list[str]


def settings() -> dict[str, Setting]:
    """All variables, in the order in which the code defines them."""
    found = dict[str, Setting]()
    for reader, structs in READERS.items():
        for struct in structs:
            descriptions = descriptions_of(struct)
            for field in fields_of(struct):
                known = found.setdefault(field.variable, Setting(field, "", []))
                known.description = known.description or descriptions.get(field.variable, "")
                known.readers.append(reader)
    return found


def page() -> str:
    """The whole page."""
    return "\n".join([HEAD, *_sections(settings())])


def _sections(found: Mapping[str, Setting]) -> Iterator[str]:
    for title, prefixes in SECTIONS.items():
        yield f"## {title}\n"
        yield "| variable | value | default | read by | meaning |\n|---|---|---|---|---|"
        yield from (_row(each) for name, each in found.items() if name.startswith(prefixes))
        yield ""


def _row(setting: Setting) -> str:
    field = setting.field
    readers = ", ".join(setting.readers)
    value = expected(field).replace(PARSERS[timedelta][1], "a duration")
    cells = (f"`{field.variable}`", value, _default(field), readers, setting.description)
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def _default(field: SettingsField) -> str:
    """The default as one would write it."""
    if field.required:
        return "required"
    value = field.default.reveal() if isinstance(field.default, Secret) else field.default
    if value is None or value in ("", ()):
        return "none"
    if isinstance(value, timedelta):
        return f"`{_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


if __name__ == "__main__":
    sys.stdout.write(page())
