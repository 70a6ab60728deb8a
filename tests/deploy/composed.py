"""Parsers for compose.yaml, Dockerfiles and .env.example."""

import re
from collections.abc import Iterator, Mapping
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
SUBSTITUTION = re.compile(r"\$\{(?P<name>[A-Z_]+)(?P<operator>:[-+]|(?=\}))")


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


class Substitution(msgspec.Struct, frozen=True):
    """`${NAME}`, `${NAME:-words}` or `${NAME:+words}` at a place of a text; words may contain others."""

    name: str
    operator: str
    words: str
    start: int
    end: int


def substitutions(text: str) -> Iterator[Substitution]:
    """The outermost substitutions of a text."""
    position = 0
    while found := SUBSTITUTION.search(text, position):
        position, depth = found.end(), 1
        while depth:
            depth += {"{": 1, "}": -1}.get(text[position], 0)
            position += 1
        words = text[found.end() : position - 1]
        yield Substitution(found["name"], found["operator"], words, found.start(), position)


def filled_in(text: str, given: Mapping[str, str] | None = None) -> str:
    """Substitutes variables as Compose does: `:-` gives its words if the variable is unset or empty, `:+` if
    it is not.
    """
    parts, position = [], 0
    for each in substitutions(text):
        value = (given or {}).get(each.name, "")
        if bool(value) == (each.operator == ":+"):
            value = filled_in(each.words, given)
        elif each.operator == ":+":
            value = ""
        parts += [text[position : each.start], value]
        position = each.end
    return "".join([*parts, text[position:]])


def environment(service: str, given: Mapping[str, str] | None = None) -> dict[str, str]:
    """Returns the environment of the service's containers."""
    written: Mapping[str, str] = SERVICES[service].get("environment", {})
    return {name: filled_in(str(value), given) for name, value in written.items()}


def overridable() -> dict[str, str]:
    """Returns all variables that compose.yaml takes from .env, with their defaults there; one that is tested
    by `:+` has none.
    """
    found: dict[str, str] = {}
    used = list(_all_substitutions((ROOT / "compose.yaml").read_text()))
    for each in used:
        found[each.name] = found.get(each.name) or each.words
    return {**found, **{each.name: "" for each in used if each.operator == ":+"}}


def _all_substitutions(text: str) -> Iterator[Substitution]:
    for each in substitutions(text):
        yield each
        yield from _all_substitutions(each.words)


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
