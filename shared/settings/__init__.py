"""Settings from environment variables, loaded once, in `__main__`."""

from shared.settings.loader import Env, SettingsError, SettingsField, expected, fields_of, load
from shared.settings.parsers import (
    HttpOrigin,
    HttpUrl,
    Secret,
    TextFormat,
    duration,
    http_origin,
    http_url,
    path_prefix,
)
from shared.settings.tls import ServerCertificate, TlsSettings

__all__ = [
    "Env",
    "HttpOrigin",
    "HttpUrl",
    "Secret",
    "ServerCertificate",
    "SettingsError",
    "SettingsField",
    "TextFormat",
    "TlsSettings",
    "duration",
    "expected",
    "fields_of",
    "http_origin",
    "http_url",
    "load",
    "path_prefix",
]
