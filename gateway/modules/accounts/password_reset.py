"""Password reset by a mailed link."""

from litestar import Controller

from gateway.identity.auth_guard import limited, public
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.accounts import ForgotPassword, ResetPassword


class PasswordResetController(Controller):
    """Tokens can be guessed and mails caused here, so every route has the rate limit of logins."""

    path = "/v1/auth/password"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    forgot_password = forward(
        "POST",
        "/forgot",
        body=ForgotPassword,
        opt=public,
        status_code=202,
        success="Accepted: a mail is sent if there is such an account",
        summary="Request a mail with a link to reset the password",
        operation_id="forgot_password",
        problems=(400, 408, 413, 415),
    )

    reset_password = forward(
        "POST",
        "/reset",
        body=ResetPassword,
        opt=public,
        status_code=204,
        summary="Reset the password with a mailed token; ends sessions, API keys, webhooks and audio links",
        operation_id="reset_password",
        problems=(400, 408, 413, 415, 422),
    )
