"""The public keys of access tokens."""

from litestar import Controller

from gateway.identity.auth_guard import public
from gateway.middleware.conditional_requests import shareable
from gateway.pass_through import forward
from shared.contracts.sessions import KeySet

MAX_AGE_S = 60


class KeysController(Controller):
    path = "/.well-known"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form

    jwks = forward(
        "GET",
        "/jwks.json",
        answer=KeySet,
        opt=public | shareable(max_age_s=MAX_AGE_S),
        summary="Get the public keys of access tokens (RFC 7517)",
        operation_id="jwks",
    )
