"""Reads a request's header fields and its route's options from an ASGI scope."""

from collections.abc import Iterable, Mapping
from typing import Any

from litestar.handlers import BaseRouteHandler


def header_values(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """All values of the field `name` (lower case), in the order they were sent."""
    return [value for known, value in headers if known == name]


def header(scope: Mapping[str, Any], name: bytes) -> str | None:
    """The first value of the field `name` (lower case), or None when the request has no such field."""
    return next((value.decode("latin-1") for known, value in scope["headers"] if known == name), None)


def route_option(scope: Mapping[str, Any], key: str) -> Any:
    """The route's `opt[key]`; None when unset, or when the request matched no route."""
    handler = scope.get("route_handler")
    return handler.opt.get(key) if isinstance(handler, BaseRouteHandler) else None
