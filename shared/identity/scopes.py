"""Scopes that an API key may be limited to, and those that a route requires."""

from collections.abc import Mapping
from typing import Any, Final

READ, WRITE = "conversions:read", "conversions:write"
# Of sessions whose account has to add a second factor first; no API key has it.
FACTORS: Final = "factors"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

RESOURCE_KEY: Final = "resource"
MORE_SCOPES_KEY: Final = "more_scopes"
EXACT_KEY: Final = "exact_scope"


def scoped(resource: str) -> dict[str, Any]:
    """`opt = scoped("webhooks")`: open to API keys with `webhooks:read` for safe methods (RFC 9110 §9.2.1),
    or `webhooks:write` for all others.
    """
    return {RESOURCE_KEY: resource}


def open_without_factor() -> dict[str, Any]:
    """`opt = open_without_factor()`: open to sessions that have to add a second factor first."""
    return {EXACT_KEY: FACTORS}


def also_scoped(*scopes: str) -> dict[str, Any]:
    """`opt = also_scoped(READ)`: the route requires these scopes as well."""
    return {MORE_SCOPES_KEY: scopes}


def required_scopes(opt: Mapping[str, Any], method: str) -> tuple[str, ...] | None:
    """The scopes that a route with these options requires of a token that has any; None if it is closed to
    those.
    """
    if exact := opt.get(EXACT_KEY):
        return (exact,)
    resource = opt.get(RESOURCE_KEY)
    if resource is None:
        return None
    action = "read" if method in SAFE_METHODS else "write"
    return (f"{resource}:{action}", *opt.get(MORE_SCOPES_KEY, ()))
