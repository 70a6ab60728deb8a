"""Documentation lists exactly the existing settings, options and error codes, and its links resolve."""

import inspect
import re
import tomllib
from pathlib import Path

import msgspec
import pytest

import auth_service.app
import auth_service.settings
import converter_service.api
import converter_service.settings
import gateway.openapi.config
import gateway.settings
import notification_service.app
import notification_service.settings
import shared.process
from converter_service.media.option_fields import READERS
from shared.errors import ServiceError
from shared.settings import fields_of

ROOT = Path(__file__).parents[3]
MODULES = (
    gateway.settings,
    auth_service.settings,
    converter_service.settings,
    notification_service.settings,
    shared.process,
)
PAGES = sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/**/*.md")) + sorted(ROOT.glob("deploy/**/*.md"))
VARIABLE = re.compile(r"`((?:LOG|AMQP|TLS|GATEWAY|AUTH|CONVERTER|WORKER|NOTIFICATION)_[A-Z_]+)`")


def _known() -> set[str]:
    return {
        field.variable
        for module in MODULES
        for _, struct in inspect.getmembers(module, inspect.isclass)
        if issubclass(struct, msgspec.Struct) and struct.__module__ == module.__name__
        for field in fields_of(struct)
    }


def test_every_setting_is_documented_and_every_documented_one_exists() -> None:
    documented = set(VARIABLE.findall((ROOT / "docs/configuration.md").read_text()))
    assert documented == _known()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_resolves(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_source_file_that_a_page_names_exists(page: Path) -> None:
    named = re.findall(r"`([\w.-]+(?:/[\w.-]+)+\.py)`", page.read_text())
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_decisions_have_a_number_each_and_are_named_by_it() -> None:
    """Numbers may be missing: they are assigned before a decision is written."""
    records = sorted((ROOT / "docs/decisions").glob("*.md"))
    numbers = [int(record.name.partition("-")[0]) for record in records]
    assert len(set(numbers)) == len(numbers)
    for number, record in zip(numbers, records, strict=True):
        assert record.name.startswith(f"{number:04}-"), record.name
        assert record.read_text().startswith(f"# {number}. "), record.name
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]:
        for said, meant in re.findall(r"\[decision (\d+)\]\([^)]*/(\d{4})-", page.read_text()):
            assert int(said) == int(meant), page.name


def test_the_api_page_lists_every_option_and_every_error() -> None:
    page = (ROOT / "docs/api.md").read_text()
    table = page.partition("### Options")[2].partition("### Uploading")[0]
    options = {name for row in re.findall(r"^\| (`.+?) \|", table, re.MULTILINE) for name in _quoted(row)}
    assert options == set(READERS)
    codes = {code for row in re.findall(r"^\| (`.+?) \| \d", page, re.MULTILINE) for code in _quoted(row)}
    assert codes == {kind.code for kind in _kinds_of(ServiceError)}


def _quoted(text: str) -> list[str]:
    return re.findall(r"`(\w+)`", text)


def _kinds_of(kind: type[ServiceError]) -> set[type[ServiceError]]:
    """Returns all subclasses outside the tests."""
    found = {kind}.union(*(_kinds_of(each) for each in kind.__subclasses__()))
    return {each for each in found if not each.__module__.startswith("tests")}


def test_the_schema_has_the_version_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == gateway.openapi.config.VERSION
