"""Loading of a settings struct from environment variables, with an error for each invalid one."""

import types
import typing
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

import msgspec

from shared.settings.fields import SettingsField, fields_of
from shared.settings.parsers import PARSERS
from shared.settings.secret import Secret

T = TypeVar("T", bound=msgspec.Struct)


class SettingsError(Exception):
    """Lists every missing or invalid variable, one per line."""


def load(cls: type[T], environment: Mapping[str, str]) -> T:
    """Loads `cls` from `environment`. `NAME_FILE` names a file that holds the value of `NAME`.

    Raises SettingsError, which lists every invalid variable and never contains a secret.
    """
    values: dict[str, object] = {}
    problems: list[str] = []
    for field in fields_of(cls):
        try:
            raw = _raw(field.variable, environment)
            if raw is not None:
                values[field.field] = _parse(field, raw)
            elif field.required:
                problems.append(f"{field.variable} is not set; it needs {_expected(field)}")
        except ValueError as bad:
            problems.append(f"{field.variable}: {bad}; it needs {_expected(field)}")
    if problems:
        raise SettingsError("\n".join(problems))
    return cls(**values)


def _raw(variable: str, environment: Mapping[str, str]) -> str | None:
    """The text of a variable. Empty counts as unset: compose files pass unset variables as empty."""
    direct = environment.get(variable, "").strip()
    if direct:
        return direct
    path = environment.get(f"{variable}_FILE", "").strip()
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip() or None
    except OSError as unreadable:
        raise ValueError(
            f"the file named by {variable}_FILE cannot be read ({unreadable.strerror})"
        ) from None


def _plain(kind: Any) -> Any:
    """`X | None` → X."""
    if get_origin(kind) in (types.UnionType, typing.Union):
        return next(arg for arg in get_args(kind) if arg is not type(None))
    return kind


def _parse(field: SettingsField, raw: str) -> object:
    kind = _plain(field.type)
    if get_origin(kind) is Literal:
        if raw not in get_args(kind):
            raise ValueError(f"{raw!r} is none of them")
        return raw
    value = field.form.read(raw) if field.form else PARSERS[kind][0](raw)
    if field.at_least is not None and _size(value) < field.at_least:
        raise ValueError("too small" if isinstance(value, int) else "too short")
    return value


def _size(value: object) -> float:
    if isinstance(value, int):
        return value
    if isinstance(value, timedelta):
        return value.total_seconds()
    return len(value.reveal() if isinstance(value, Secret) else str(value))


def _expected(field: SettingsField) -> str:
    kind = _plain(field.type)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    words = field.form.words if field.form else PARSERS[kind][1]
    if field.at_least is None:
        return words
    unit = "" if kind is int else " seconds" if kind is timedelta else " characters"
    return f"{words} of at least {field.at_least}{unit}"
