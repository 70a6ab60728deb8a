"""Verification of an email address by a mailed link."""

from litestar import Controller

from gateway.identity.auth_guard import limited, optional
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.accounts import ResendVerification, VerifyEmail


class EmailVerificationController(Controller):
    """Tokens can be guessed and mails caused here, so every route has the rate limit of logins."""

    path = "/v1/auth/email"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    verify_email = forward(
        "POST",
        "/verify",
        body=VerifyEmail,
        changes_account=True,
        opt=optional,
        status_code=204,
        summary="Verify an email address with the token of the mailed link, signed in or with the password",
        operation_id="verify_email",
        problems=(400, 401, 403, 408, 409, 413, 415),
    )

    resend_verification = forward(
        "POST",
        "/resend",
        body=ResendVerification,
        body_default=None,
        opt=optional,
        status_code=202,
        success="Accepted: a mail is sent if there is an address to verify",
        summary="Request a mail with a link to verify the email address",
        operation_id="resend_verification",
        problems=(400, 401, 403, 408, 413, 415),
    )
