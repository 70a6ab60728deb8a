"""Roles open what they are named for, and nothing without a principal."""

import pytest
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from gateway.identity.auth_guard import Connection, requires_role
from gateway.identity.principal import Principal
from shared.errors import Forbidden, Unauthenticated
from shared.settings import Secret


def caller(*roles: str) -> Connection:
    principal = Principal(
        user_id="u1",
        email="a@example.com",
        roles=frozenset(roles),
        access_token=Secret("jwt"),
        expires_at=0.0,
    )
    return ASGIConnection({"type": "http", "headers": [], "user": principal})  # type: ignore[arg-type]


HANDLER = HTTPRouteHandler("/", http_method="GET")


async def test_the_required_role_is_accepted() -> None:
    assert await requires_role("admin")(caller("user", "admin"), HANDLER) is None  # type: ignore[misc]


async def test_another_role_is_refused() -> None:
    with pytest.raises(Forbidden):
        await requires_role("admin")(caller("user"), HANDLER)  # type: ignore[misc]


async def test_a_principal_without_roles_is_refused() -> None:
    nobody: Connection = ASGIConnection({"type": "http", "headers": []})  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await requires_role("admin")(nobody, HANDLER)  # type: ignore[misc]
