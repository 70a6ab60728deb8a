"""Settings from environment variables, loaded once, in `__main__`."""

from shared.settings.fields import Env, SettingsField, fields_of
from shared.settings.loader import SettingsError, load
from shared.settings.parsers import HttpOrigin, HttpUrl, TextFormat, duration, http_origin, http_url
from shared.settings.secret import Secret

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
]
