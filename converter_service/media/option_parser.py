"""Parsing of conversion options from text fields and from their stored form."""

from collections.abc import Mapping

import msgspec

from converter_service.media.option_fields import read_field
from converter_service.media.option_problems import BadOptions, OptionProblem
from converter_service.media.option_rules import find_contradictions
from converter_service.media.options import Options


def parse(fields: Mapping[str, str]) -> Options:
    """Parses text fields. Raises BadOptions, which names every unknown, malformed or contradictory field."""
    problems: list[OptionProblem] = []
    values: dict[str, object] = {}
    for name, text in fields.items():
        try:
            values[name] = read_field(name, text)
        except ValueError as error:
            problems.append(OptionProblem(name[:64], str(error)))
    if problems:
        raise BadOptions(*problems)
    options = msgspec.convert(values, Options)
    if contradictions := find_contradictions(options):
        raise BadOptions(*contradictions)
    return options


def parse_stored(stored: Mapping[str, str | int | float]) -> Options:
    """Parses stored options. Raises BadOptions if they are no longer valid."""
    return parse(texts(stored))


def texts(values: Mapping[str, str | int | float]) -> Mapping[str, str]:
    """The values as text fields."""
    return {name: _text(value) for name, value in values.items()}


def display_stored(stored: Mapping[str, str | int | float]) -> Mapping[str, str | int | float]:
    """Stored options as the API shows them; empty and no longer valid ones unchanged."""
    try:
        return parse_stored(stored).shown() if stored else stored
    except BadOptions:
        return stored


def _text(value: str | int | float) -> str:
    """Formats floats without an exponent, which the parser of seconds rejects."""
    return f"{value:.6f}" if isinstance(value, float) else str(value)
