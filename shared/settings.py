"""Environment to a frozen struct, once, in `__main__`. A bad variable is named with what is expected."""

import re
import types
import typing
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

# No user name or password, which logs would show, and no query or fragment, behind which no path fits.
PLAIN_URL = re.compile(r"[^\s?#@\\\x00-\x20\x7f-\U0010ffff]+")
UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Secret:
    """A value that hides itself: it prints as ***, and `reveal()` is the only way to it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class Env(msgspec.Struct, frozen=True):
    """Names the variable of a settings field, and the least length or value it may have."""

    name: str
    at_least: int | None = None


class Form(msgspec.Struct, frozen=True):
    """How a text of a certain kind is checked, and what it should look like. `read` raises ValueError."""

    read: Callable[[str], str]
    words: str


class SettingsError(Exception):
    """Every variable that is missing or unreadable, one line each."""


class SettingsField(msgspec.Struct, frozen=True):
    """One field of a settings struct, as the environment sees it."""

    field: str
    variable: str
    type: Any
    required: bool
    default: object
    at_least: int | None
    form: Form | None = None


def fields_of(cls: type[msgspec.Struct]) -> tuple[SettingsField, ...]:
    """Every variable that a settings struct reads."""
    hints = get_type_hints(cls, include_extras=True)
    found = []
    for info in msgspec.structs.fields(cls):
        base, *marks = get_args(hints[info.name]) if get_origin(hints[info.name]) is Annotated else (Any,)
        env = next((mark for mark in marks if isinstance(mark, Env)), None)
        if env is None:
            raise TypeError(f"{cls.__name__}.{info.name} names no environment variable")
        form = next((mark for mark in marks if isinstance(mark, Form)), None)
        default = info.default if info.default_factory is msgspec.NODEFAULT else info.default_factory()
        found.append(SettingsField(info.name, env.name, base, info.required, default, env.at_least, form))
    return tuple(found)


def load(cls: type[T], environment: Mapping[str, str]) -> T:
    """Reads `cls` from `environment`; `NAME_FILE` names a file that holds the value of `NAME`.

    Raises SettingsError that lists every bad variable, never the value of a secret.
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
    """An empty variable counts as unset: compose files pass unset ones on as empty."""
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


def duration(text: str) -> timedelta:
    """`90`, `90s`, `15m`, `2h`, `7d` → timedelta."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration")
    return timedelta(**{UNITS[match[2]]: float(match[1])})


def http_url(text: str) -> str:
    """An address of ours, to which paths are appended: scheme, host, perhaps a port and a path."""
    try:
        url = urlsplit(text)
        good = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        good = False
    if not good or not PLAIN_URL.fullmatch(text):
        raise ValueError("that is no address of this kind")
    return text


def http_origin(text: str) -> str:
    """The same without a path: the services behind it know their own."""
    if urlsplit(http_url(text)).path not in {"", "/"}:
        raise ValueError("it has a path")
    return text


HttpUrl: TypeAlias = Annotated[str, Form(http_url, "a URL such as https://host or http://host:port")]
HttpOrigin: TypeAlias = Annotated[str, Form(http_origin, "a URL such as http://host:port, without a path")]


def _boolean(text: str) -> bool:
    known = {
        "true": True,
        "1": True,
        "yes": True,
        "on": True,
        "false": False,
        "0": False,
        "no": False,
        "off": False,
    }
    if text.lower() not in known:
        raise ValueError(f"{text!r} is neither true nor false")
    return known[text.lower()]


def _integer(text: str) -> int:
    if not re.fullmatch(r"-?\d+", text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


PARSERS: Mapping[object, tuple[Callable[[str], object], str]] = types.MappingProxyType(
    {
        str: (str, "a text"),
        int: (_integer, "a whole number"),
        bool: (_boolean, "true or false"),
        Secret: (Secret, "a secret text"),
        Path: (Path, "a path"),
        timedelta: (duration, "a duration such as 90s, 15m, 2h or 7d"),
        tuple[str, ...]: (_listed, "a comma-separated list"),
    }
)


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
