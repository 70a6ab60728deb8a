"""Parsers for compose.yaml, Dockerfiles and .env.example."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from auth_service.settings import AuthSettings
from converter_service.settings import ApiSettings, WorkerSettings
from gateway.settings import GatewaySettings
from notification_service.settings import NotificationSettings
from shared.process import LoggingSettings
from shared.settings import SettingsField, fields_of

ROOT = Path(__file__).parents[2]
# ${NAME:-default}; the default may contain one nested substitution
VARIABLE = re.compile(r"\$\{(?P<name>[A-Z_]+)(?::-(?P<default>(?:[^{}]|\$\{[^{}]*\})*))?\}")


class Own(msgspec.Struct, frozen=True):
    """One of our services: settings, build context, extra and command."""

    settings: type[msgspec.Struct]
    folder: str
    extra: str
    prefix: str
    target: str | None = None

    def fields(self) -> dict[str, SettingsField]:
        """All variables that its process reads."""
        return {
            field.variable: field for kind in (self.settings, LoggingSettings) for field in fields_of(kind)
        }

    def port(self, kind: str = "PORT") -> int:
        default = self.fields()[f"{self.prefix}_{kind}"].default
        assert isinstance(default, int)
        return default


OWN: Mapping[str, Own] = {
    "gateway": Own(GatewaySettings, "gateway", "gateway", "GATEWAY"),
    "auth": Own(AuthSettings, "auth_service", "auth", "AUTH"),
    "converter": Own(ApiSettings, "converter_service", "converter", "CONVERTER", "api"),
    "worker": Own(WorkerSettings, "converter_service", "converter", "WORKER", "worker"),
    "notification": Own(NotificationSettings, "notification_service", "notification", "NOTIFICATION"),
}


def compose() -> dict[str, Any]:
    model: dict[str, Any] = msgspec.yaml.decode((ROOT / "compose.yaml").read_bytes())
    return model


SERVICES: Mapping[str, dict[str, Any]] = compose()["services"]


def filled_in(text: str, given: Mapping[str, str] | None = None) -> str:
    """Substitutes variables as Compose does: `${NAME:-default}` gives the default if NAME is unset or
    empty.
    """

    def value(found: re.Match[str]) -> str:
        return (given or {}).get(found["name"]) or filled_in(found["default"] or "", given)

    return VARIABLE.sub(value, text)


def environment(service: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of the service's containers."""
    written: Mapping[str, str] = SERVICES[service].get("environment", {})
    return {name: filled_in(str(value), given) for name, value in written.items()}


def overridable() -> dict[str, str]:
    """Returns all variables that compose.yaml takes from .env, with their defaults there."""
    found: dict[str, str] = {}
    text = (ROOT / "compose.yaml").read_text()
    for match in VARIABLE.finditer(text):
        for inner in (match, *VARIABLE.finditer(match["default"] or "")):
            if found.get(inner["name"]) in {None, ""}:
                found[inner["name"]] = inner["default"] or ""
    return found


def example() -> dict[str, str]:
    """Returns the variables and values in .env.example."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    found = [re.fullmatch(r"#([A-Z][A-Z_]+)=(.*)", line) for line in lines]
    return {match[1]: match[2] for match in found if match}


class Stage(msgspec.Struct):
    """One build stage: FROM and the instructions after it."""

    name: str
    base: str
    steps: list[tuple[str, str]]

    def all(self, instruction: str) -> list[str]:
        return [value for name, value in self.steps if name == instruction]

    def last(self, instruction: str) -> str:
        return self.all(instruction)[-1]


def stages(folder: str) -> dict[str, Stage]:
    """Returns the stages by name; one without a name is `final`."""
    text = (ROOT / folder / "Dockerfile").read_text().replace("\\\n", " ")
    found: dict[str, Stage] = {}
    current: Stage | None = None
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        instruction, _, value = line.strip().partition(" ")
        if instruction == "FROM":
            base, _, name = value.partition(" AS ")
            current = Stage(name or "final", base, [])
            found[current.name] = current
        elif current is not None:
            current.steps.append((instruction, " ".join(value.split())))
    return found


def arguments(folder: str) -> dict[str, str]:
    """Returns the build arguments with their defaults."""
    text = (ROOT / folder / "Dockerfile").read_text()
    return dict(re.findall(r"(?m)^ARG (\w+)=(\S+)$", text))


def image_of(service: str) -> Stage:
    """Returns the stage that the service's containers run."""
    own = OWN[service]
    return stages(own.folder)[own.target or "final"]
