"""Scope check: each route declares its resource, and is closed to every token that has scopes otherwise."""

from collections.abc import Mapping
from typing import Any

from gateway.identity.principal import Principal
from shared.errors import InsufficientScope
from shared.identity.scopes import required_scopes


def check_scope(principal: Principal, opt: Mapping[str, Any], method: str) -> None:
    """Raises InsufficientScope."""
    if principal.scopes is None:
        return
    needed = required_scopes(opt, method)
    if needed is None or not principal.scopes.issuperset(needed):
        raise InsufficientScope
