"""Registration of accounts."""

from litestar import Controller

from gateway.identity.auth_guard import limited, public
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.accounts import Account, Registration


class RegistrationController(Controller):
    path = "/v1/auth/register"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    register = forward(
        "POST",
        body=Registration,
        answer=Account,
        idempotent=True,
        opt=public | limited(Rate.REGISTER),
        summary="Create an account",
        operation_id="register",
        problems=(400, 408, 409, 413, 415, 422),
    )
