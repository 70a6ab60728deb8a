"""The documents speak of the settings that there are, and their links lead somewhere."""

import inspect
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

import auth_service.settings
import converter_service.settings
import gateway.app
import gateway.settings
import notification_service.settings
import shared.process
from shared.settings import fields_of

ROOT = Path(__file__).parents[3]
MODULES = (
    gateway.settings,
    auth_service.settings,
    converter_service.settings,
    notification_service.settings,
    shared.process,
)
VARIABLE = re.compile(r"`((?:LOG|AMQP|GATEWAY|AUTH|CONVERTER|WORKER|NOTIFICATION)_[A-Z_]+)`")


def _known() -> set[str]:
    return {
        field.variable
        for module in MODULES
        for _, struct in inspect.getmembers(module, inspect.isclass)
        if issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__
        for field in fields_of(struct)
    }


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented = set(VARIABLE.findall((ROOT / "docs/operations.md").read_text()))
    assert documented == _known()


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")), ids=lambda page: page.name
)
def test_every_link_inside_the_repository_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_schema_names_the_version_that_the_project_has() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == gateway.app.VERSION
