"""Settings from environment variables, loaded once, in `__main__`."""

from shared.settings.loader import Env, SettingsError, SettingsField, fields_of, load
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

__all__ = [
    "Env",
    "HttpOrigin",
    "HttpUrl",
    "Secret",
    "SettingsError",
    "SettingsField",
    "TextFormat",
    "duration",
    "fields_of",
    "http_origin",
    "http_url",
    "load",
    "path_prefix",
]
