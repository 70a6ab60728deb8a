"""Settings structs and their loading from environment variables, with an error for each invalid one."""

import types
import typing
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from shared.settings.parsers import PARSERS, Secret, TextFormat

T = TypeVar("T", bound=msgspec.Struct)


class Env(msgspec.Struct, frozen=True):
    """Annotation of a settings field: its environment variable, and its minimum length or value."""

    name: str
    at_least: int | None = None


class SettingsField(msgspec.Struct, frozen=True):
    """A field of a settings struct with its environment variable."""

    field: str
    variable: str
    type: Any
    required: bool
    default: object
    at_least: int | None
    form: TextFormat | None = None


def fields_of(cls: type[msgspec.Struct]) -> tuple[SettingsField, ...]:
    """The fields of a settings struct. Raises TypeError for a field without `Env`."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for info in msgspec.structs.fields(cls):
        base, *marks = get_args(hints[info.name]) if get_origin(hints[info.name]) is Annotated else (Any,)
        env = next((mark for mark in marks if isinstance(mark, Env)), None)
        if env is None:
            raise TypeError(f"{cls.__name__}.{info.name} names no environment variable")
        form = next((mark for mark in marks if isinstance(mark, TextFormat)), None)
        default = info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()
        found.append(SettingsField(info.name, env.name, base, info.required, default, env.at_least, form))
    return tuple(found)


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
                problems.append(f"{field.variable} is not set; it needs {expected(field)}")
        except ValueError as bad:
            problems.append(f"{field.variable}: {bad}; it needs {expected(field)}")
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
    if isinstance(value, Secret):  # a list of keys is as good as the shortest of them
        return min(len(key.reveal()) for key in value.split())
    return len(str(value))


def expected(field: SettingsField) -> str:
    """What a value has to be, for error messages and the reference."""
    kind = _plain(field.type)
    if get_origin(kind) is Literal:
        return "one of " + ", ".join(map(str, get_args(kind)))
    words = field.form.words if field.form else PARSERS[kind][1]
    if field.at_least is None:
        return words
    unit = "" if kind is int else " seconds" if kind is timedelta else " characters"
    return f"{words} of at least {field.at_least}{unit}"
