"""Mailed links: ask for one, hand its secret in. Nobody is signed in by any of this."""

from typing import Any

from litestar import Controller, Request, Response, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody

from gateway.clients.accounts import AccountClient
from gateway.identity.auth_guard import is_open, limited, optional, principal_of, public
from gateway.limits.rate_limit import Rate
from gateway.modules.accounts.schemas import ForgotPassword, ResendVerification, ResetPassword, VerifyEmail
from gateway.openapi.problem_responses import NO_STORE, SIGNED_IN, problems
from shared.http import Injected

ACCEPTED = ResponseSpec(None, description="Accepted: a mail comes if there is something to mail about")


class RecoveryController(Controller):
    """Secrets are tried and mails are asked for here, so each call is limited like a sign-in."""

    path = "/v1/auth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    @post(
        "/password/forgot",
        opt=public,
        status_code=202,
        summary="Ask for a mail to choose a new password by",
        operation_id="forgot_password",
        responses={202: ACCEPTED, **problems(400, 408, 413, 415)},
    )
    async def forgot_password(
        self, data: JSONBody[ForgotPassword], accounts: Injected[AccountClient]
    ) -> Response[bytes]:
        await accounts.forgot_password(data.email)
        return accepted()

    @post(
        "/password/reset",
        opt=public,
        status_code=204,
        summary="Choose a new password with the secret from the mail; ends all sessions",
        operation_id="reset_password",
        responses=problems(400, 408, 413, 415, 422),
    )
    async def reset_password(self, data: JSONBody[ResetPassword], accounts: Injected[AccountClient]) -> None:
        await accounts.reset_password(data.token, data.password)

    @post(
        "/email/verify",
        opt=public,
        status_code=204,
        summary="Prove an address with the secret from the mail",
        operation_id="verify_email",
        responses=problems(400, 408, 413, 415),
    )
    async def verify_email(self, data: JSONBody[VerifyEmail], accounts: Injected[AccountClient]) -> None:
        await accounts.verify_email(data.token)

    @post(
        "/email/resend",
        opt=optional,
        status_code=202,
        summary="Ask for a mail to prove an address by",
        operation_id="resend_verification",
        security=[*SIGNED_IN, {}],
        responses={202: ACCEPTED, **problems(400, 401, 403, 408, 413, 415)},
    )
    async def resend_verification(
        self,
        request: Request[Any, Any, Any],
        accounts: Injected[AccountClient],
        data: JSONBody[ResendVerification | None] = None,
    ) -> Response[bytes]:
        """For the address in the body, or else for the caller's own."""
        somebody = is_open(request, request.route_handler.opt)
        token = None if somebody else principal_of(request).access_token
        await accounts.resend_verification(token, data.email if data else None)
        return accepted()


def accepted() -> Response[bytes]:
    """Without a body: there is nothing to tell."""
    return Response(b"")
