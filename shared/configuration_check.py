"""The command `check-config` of each service: says what is wrong with its settings; connects to nothing."""

import difflib
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

import msgspec

from shared.process import BAD_CONFIGURATION, LoggingSettings
from shared.settings import Secret, SettingsError, fields_of, load

T = TypeVar("T", bound=msgspec.Struct)

COMMAND = "check-config"
AMQP, MONGODB = ("amqp", "amqps"), ("mongodb", "mongodb+srv")
# Similarity from which on a variable is taken for a misspelt setting.
MISSPELT = 0.85
FROM_FILE = "_FILE"


class BrokerSettings(Protocol):
    """The settings of a process with a broker, which all have."""

    @property
    def amqp_url(self) -> Secret: ...


def check_config(
    service: str,
    settings: type[T],
    *checks: Callable[[T], object],
    environment: Mapping[str, str] = os.environ,
) -> int:
    """Writes each problem on a line to standard error; returns the exit code: 0 without problems, otherwise
    78 as at a start.

    `checks` are what the service derives from its settings when it starts; they raise SettingsError. A
    variable that is almost a setting is named on a line that begins with `warning:`, and is no problem.
    """
    problems = [*_problems(settings, checks, environment), *_problems(LoggingSettings, (), environment)]
    for line in (*problems, *_misspelt(settings, environment)):
        sys.stderr.write(f"{service}: {line}\n")
    if problems:
        return BAD_CONFIGURATION
    sys.stdout.write(f"{service}: the settings are valid\n")
    return 0


def check_server_url(variable: str, url: Secret, *schemes: str) -> None:
    """Raises SettingsError, which does not repeat the URL, unless it has one of the schemes, and a host."""
    try:
        parts = urlsplit(url.reveal())
        is_valid = parts.scheme in schemes and parts.netloc.rpartition("@")[2] != ""
    except ValueError:  # its message may quote the password
        is_valid = False
    if not is_valid:
        raise SettingsError(f"{variable}: it is no URL such as {schemes[0]}://user:password@host:port")


def check_amqp_url(settings: BrokerSettings) -> None:
    """Like `check_server_url`, for AMQP_URL."""
    check_server_url("AMQP_URL", settings.amqp_url, *AMQP)


def _problems(
    settings: type[T], checks: tuple[Callable[[T], object], ...], environment: Mapping[str, str]
) -> Iterator[str]:
    try:
        loaded = load(settings, environment)
    except SettingsError as error:
        yield from str(error).splitlines()
        return
    for check in checks:
        try:
            check(loaded)
        except SettingsError as error:
            yield from str(error).splitlines()


def _misspelt(settings: type[msgspec.Struct], environment: Mapping[str, str]) -> Iterator[str]:
    known = {field.variable for cls in (settings, LoggingSettings) for field in fields_of(cls)}
    prefixes = {name.partition("_")[0] for name in known}
    for variable in sorted(environment):
        name = variable.removesuffix(FROM_FILE)
        if {variable, name} & known or name.partition("_")[0] not in prefixes:
            continue
        if similar := difflib.get_close_matches(name, known, 1, MISSPELT):
            yield f"warning: {variable} is not read; is {similar[0]} meant?"
