"""Settings of the services: variables from the environment override the stack's own choices."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from devstack.errors import StackError

TLS = ("TLS_CERTIFICATE", "TLS_KEY", "TLS_CA")
OURS = ("GATEWAY_", "AUTH_", "CONVERTER_", "WORKER_", "NOTIFICATION_", "OTEL_")
ALSO_OURS = ("AMQP_URL", "AMQP_URL_FILE", "LOG_LEVEL", "LOG_FORMAT", *TLS)
# Secret → the roles that get it, as in compose.yaml.
READERS: Mapping[str, Sequence[str]] = MappingProxyType(
    {
        "AUTH_DATABASE_URL": ("auth",),
        "AUTH_DATA_KEYS": ("auth",),
        "AUTH_INTROSPECTION_SECRET": ("auth", "gateway"),
        "CONVERTER_LINK_KEY": ("converter", "notification"),
        "GATEWAY_TOKEN_KEY": ("gateway",),
        "CONVERTER_MONGO_URL": ("converter", "worker"),
        "NOTIFICATION_MONGO_URL": ("notification",),
        "NOTIFICATION_SMTP_URL": ("notification",),
        "NOTIFICATION_WEBHOOK_KEY": ("notification",),
    }
)


def given_in(environment: Mapping[str, str]) -> dict[str, str]:
    """Returns Tonegate's own variables of an environment; empty values count as not set."""
    return {
        name: value
        for name, value in environment.items()
        if value and (name.startswith(OURS) or name in ALSO_OURS)
    }


def is_given(name: str, given: Mapping[str, str]) -> bool:
    """Returns whether a setting is given, as a value or as the path of a file in `<NAME>_FILE`."""
    return name in given or f"{name}_FILE" in given


def value_of(name: str, given: Mapping[str, str]) -> str:
    if name in given:
        return given[name]
    try:
        return Path(given[f"{name}_FILE"]).read_text().strip()
    except OSError as error:
        raise StackError(f"the file named by {name}_FILE cannot be read: {error.strerror}") from None


def scheme(settings: Mapping[str, str]) -> str:
    """Returns `https` if the services have a certificate, else `http`."""
    return "https" if settings.get("TLS_CERTIFICATE") else "http"


def merged(chosen: Mapping[str, str], given: Mapping[str, str]) -> dict[str, str]:
    """Merges both mappings; a given `<NAME>` or `<NAME>_FILE` replaces the chosen `<NAME>`."""
    return {name: value for name, value in chosen.items() if not is_given(name, given)} | dict(given)


def without_foreign_secrets(settings: Mapping[str, str], role: str) -> dict[str, str]:
    """Returns the settings without secrets that only other roles read; all of them without a role."""
    return {
        name: value
        for name, value in settings.items()
        if not role or role in READERS.get(name.removesuffix("_FILE"), (role,))
    }


def other_database(url: str, database: str) -> str:
    """Returns a MongoDB URL with another database; `authSource` keeps pointing to the original one."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise StackError(f"CONVERTER_MONGO_URL is no URL: {error}") from None
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.username is not None and len(parts.path) > 1:
        options.setdefault("authSource", parts.path[1:])
    return urlunsplit(parts._replace(path=f"/{database}", query=urlencode(options)))
