"""Parsers of setting values, and descriptions of the accepted texts for error messages."""

import re
import types
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import quote, urlsplit

import msgspec

# Without user name and password, which logs would show, and without query and fragment: paths are appended.
PLAIN_URL = re.compile(r"[^\s?#@\\\x00-\x20\x7f-\U0010ffff]+")
TRUE, FALSE = ("true", "1", "yes", "on"), ("false", "0", "no", "off")
UNITS = {"": "seconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Secret:
    """A secret string. Prints as `***`; `reveal()` returns the value."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    def split(self) -> tuple["Secret", ...]:
        """The keys of a comma-separated list: the first for what is new, all of them for what exists."""
        return tuple(Secret(part.strip()) for part in self._value.split(","))

    def __repr__(self) -> str:
        return "Secret('***')"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class TextFormat(msgspec.Struct, frozen=True):
    """A text with a format: `read` checks it (raises ValueError), `words` describes the format."""

    read: Callable[[str], str]
    words: str


def duration(text: str) -> timedelta:
    """`90`, `90s`, `15m`, `2h`, `7d` → timedelta."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if match is None:
        raise ValueError(f"{text!r} is not a duration")
    return timedelta(**{UNITS[match[2]]: float(match[1])})


def http_url(text: str) -> str:
    """Checks a base URL: scheme, host, optional port and path. Raises ValueError."""
    try:
        url = urlsplit(text)
        good = url.scheme in {"http", "https"} and url.hostname and url.port != 0
    except ValueError:
        good = False
    if not good or not PLAIN_URL.fullmatch(text):
        raise ValueError("not a valid URL")
    return text


def http_origin(text: str) -> str:
    """Checks a base URL without a path. Raises ValueError."""
    if urlsplit(http_url(text)).path not in {"", "/"}:
        raise ValueError("it has a path")
    return text


def path_prefix(url: str) -> str:
    """The path of a base URL, without a slash at its end: what the paths of its resources begin with.

    One slash at its start, because a reference that starts with two names another host (RFC 3986 §4.2).
    """
    path = quote(urlsplit(url).path.strip("/"), safe="/%:@!$&'()*+,;=~")
    return f"/{path}" if path else ""


HttpUrl: TypeAlias = Annotated[str, TextFormat(http_url, "a URL such as https://host or http://host:port")]
HttpOrigin: TypeAlias = Annotated[
    str, TextFormat(http_origin, "a URL such as http://host:port, without a path")
]


def _boolean(text: str) -> bool:
    if text.lower() not in {*TRUE, *FALSE}:
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() in TRUE


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
