"""Identities at OAuth providers that are linked to the user's account."""

from litestar import Controller

from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.oauth import IdentityList
from shared.contracts.sessions import CurrentPassword


class IdentitiesController(Controller):
    path = "/v1/auth/identities"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_own = forward(
        "GET",
        answer=IdentityList,
        summary="List the providers you can sign in with",
        operation_id="list_identities",
        problems=(401, 403),
    )

    unlink = forward(
        "DELETE",
        "/{identity_id:str}",
        body=CurrentPassword,
        body_default=None,
        changes_account=True,
        summary="Unlink a provider from your account; needs a fresh proof",
        operation_id="unlink_identity",
        problems=(400, 401, 403, 404, 408, 409, 413, 415),
    )
