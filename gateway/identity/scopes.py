"""What a token may do that may do less than its account: routes say what they belong to."""

from collections.abc import Mapping
from typing import Any, Final

from gateway.identity.principal import Principal
from shared.errors import Forbidden

RESOURCE_KEY: Final = "resource"
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class InsufficientScope(Forbidden):
    """RFC 6750 §3.1: the token is good, and not for this."""

    title = "The token's scope does not allow this."

    def __init__(self) -> None:
        super().__init__(headers={"WWW-Authenticate": 'Bearer error="insufficient_scope"'})


def scoped(resource: str) -> dict[str, Any]:
    """`opt = scoped("conversions")`: open to tokens with `conversions:read`, or `conversions:write` for what
    changes something. A route that says nothing is closed to every token that has a scope at all.
    """
    return {RESOURCE_KEY: resource}


def check_scope(principal: Principal, opt: Mapping[str, Any], method: str) -> None:
    """Raises InsufficientScope."""
    if principal.scopes is None:
        return
    resource, action = opt.get(RESOURCE_KEY), "read" if method in READING else "write"
    if resource is None or f"{resource}:{action}" not in principal.scopes:
        raise InsufficientScope
