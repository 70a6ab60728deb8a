"""What the route that a request was for says about itself."""

from collections.abc import Mapping
from typing import Any

from litestar.handlers import BaseRouteHandler


def option_of(scope: Mapping[str, Any], key: str) -> Any:
    """The value in the route's `opt`; None when it has none, and for a request that reached no route."""
    handler = scope.get("route_handler")
    return handler.opt.get(key) if isinstance(handler, BaseRouteHandler) else None
