"""Scope check: each route declares its resource."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.identity.principal import Principal
from shared.errors import InsufficientScope
from shared.identity.scopes import SAFE_METHODS

RESOURCE_KEY: Final = "resource"


def scoped(resource: str) -> dict[str, Any]:
    """`opt = scoped("conversions")`: open to tokens with `conversions:read`, or `conversions:write` for
    unsafe methods. A route without a resource is closed to every token that has scopes.
    """
    return {RESOURCE_KEY: resource}


def check_scope(principal: Principal, opt: Mapping[str, Any], method: str) -> None:
    """Raises InsufficientScope."""
    if principal.scopes is None:
        return
    resource, action = opt.get(RESOURCE_KEY), "read" if method in SAFE_METHODS else "write"
    if resource is None or f"{resource}:{action}" not in principal.scopes:
        raise InsufficientScope
