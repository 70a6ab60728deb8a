"""Fields of a settings struct and their environment variables."""

from typing import Annotated, Any, get_args, get_origin, get_type_hints

import msgspec

from shared.settings.parsers import TextFormat


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
