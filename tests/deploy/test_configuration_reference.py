"""docs/configuration.md is what the settings in the code say."""

from datetime import timedelta
from typing import Annotated

import msgspec
import pytest

from deploy.configuration_reference import page, settings
from shared.settings import Env, Secret, fields_of
from shared.settings.descriptions import descriptions_of
from tests.deploy.composed import OWN, ROOT


def test_the_page_is_made_from_the_code() -> None:
    command = "python -m deploy.configuration_reference > docs/configuration.md"
    assert (ROOT / "docs/configuration.md").read_text() == page(), f"make it anew: {command}"


@pytest.mark.parametrize("service", OWN)
def test_every_setting_of_a_process_has_a_description_and_names_the_process(service: str) -> None:
    found = settings()
    for variable in OWN[service].fields():
        assert found[variable].description.endswith("."), variable
        assert service in found[variable].readers, variable


def test_every_setting_is_on_the_page() -> None:
    assert [name for name in settings() if f"| `{name}` |" not in page()] == []


class Base(msgspec.Struct, kw_only=True):
    """Not the description of a field."""

    first: Annotated[int, Env("FIRST")] = 1
    """One, over
    two lines.
    """
    second: Annotated[str, Env("SECOND")] = ""


class Derived(Base, kw_only=True):
    third: Annotated[timedelta, Env("THIRD")] = timedelta(hours=1)
    """Three."""
    fourth: Annotated[Secret | None, Env("FOURTH")] = None

    def method(self) -> None:
        """Not a description either."""


def test_descriptions_are_the_strings_below_the_fields_of_a_class_and_its_bases() -> None:
    assert descriptions_of(Derived) == {"FIRST": "One, over two lines.", "THIRD": "Three."}
    assert [field.variable for field in fields_of(Derived)] == ["FIRST", "SECOND", "THIRD", "FOURTH"]
