"""Role guard: the required role is accepted, others and anonymous requests are refused."""

import pytest
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler

from gateway.identity.auth_guard import Connection, requires_role
from gateway.identity.principal import Principal
from shared.errors import Forbidden, Unauthenticated


def caller(*roles: str) -> Connection:
    principal = Principal(
        user_id="u1",
        email="a@example.com",
        roles=frozenset(roles),
        expires_at=0.0,
    )
    return ASGIConnection({"type": "http", "headers": [], "user": principal})  # type: ignore[arg-type]


HANDLER = HTTPRouteHandler("/", http_method="GET")


async def test_the_required_role_is_accepted() -> None:
    assert await requires_role("admin")(caller("user", "admin"), HANDLER) is None  # type: ignore[misc]


async def test_another_role_is_refused() -> None:
    with pytest.raises(Forbidden):
        await requires_role("admin")(caller("user"), HANDLER)  # type: ignore[misc]


async def test_a_request_without_a_principal_is_unauthenticated() -> None:
    anonymous: Connection = ASGIConnection({"type": "http", "headers": []})  # type: ignore[arg-type]
    with pytest.raises(Unauthenticated):
        await requires_role("admin")(anonymous, HANDLER)  # type: ignore[misc]
