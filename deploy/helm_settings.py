"""Writes `helm/tonegate/files/settings.json`: `python -m deploy.helm_settings`, after a change of settings.

The file says for each variable that operators may set which processes read it. Secrets are not in it, nor
what the chart sets itself.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from auth_service.settings import AuthSettings
from converter_service.settings import ApiSettings, WorkerSettings
from gateway.settings import GatewaySettings
from notification_service.settings import NotificationSettings
from shared.process import LoggingSettings
from shared.settings import Secret, SettingsField, fields_of

FILE = Path(__file__).parent / "helm" / "tonegate" / "files" / "settings.json"
PROCESSES: Mapping[str, type[msgspec.Struct]] = MappingProxyType(
    {
        "gateway": GatewaySettings,
        "auth": AuthSettings,
        "converter": ApiSettings,
        "worker": WorkerSettings,
        "notification": NotificationSettings,
    }
)
# By values of the chart, by its templates, or by the images.
SET_BY_THE_CHART = frozenset(
    {
        "GATEWAY_PUBLIC_URL",
        "GATEWAY_AUTH_URL",
        "GATEWAY_CONVERTER_URL",
        "GATEWAY_NOTIFICATION_URL",
        "CONVERTER_STOP_GRACE",
        "CONVERTER_SCRATCH_DIR",
        "TLS_CERTIFICATE",
        "TLS_KEY",
        "TLS_CA",
    }
)


def is_free(field: SettingsField) -> bool:
    """True for a variable that operators may set in the chart's values."""
    is_from_secret = field.type in {Secret, Secret | None} or field.variable == "GATEWAY_PUBLIC_KEYS"
    is_set = field.variable in SET_BY_THE_CHART or field.variable.endswith("_PORT")
    return not (is_from_secret or is_set)


def rendered() -> str:
    """The file's text: variables by name, each with its processes."""
    readers: dict[str, list[str]] = {}
    for process, settings in PROCESSES.items():
        for kind in (settings, LoggingSettings):
            for field in filter(is_free, fields_of(kind)):
                readers.setdefault(field.variable, []).append(process)
    return json.dumps(readers, indent=1, sort_keys=True).replace("\n  ", " ").replace("\n ]", " ]") + "\n"


if __name__ == "__main__":
    FILE.write_text(rendered(), encoding="utf-8")
