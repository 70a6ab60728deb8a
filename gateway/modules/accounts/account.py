"""Change and deletion of the user's account."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.accounts import ChangeAccount, ChangePassword, DeleteAccount, OwnAccount


class AccountController(Controller):
    """Every route checks the password, and so has the rate limit of logins."""

    path = "/v1/auth"
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    opt = limited(Rate.LOGIN)
    cache_control = NO_STORE

    change = forward(
        "PATCH",
        "/me",
        body=ChangeAccount,
        answer=OwnAccount,
        changes_account=True,
        summary="Ask for another email address, which replaces the present one once it is confirmed",
        operation_id="change_account",
        problems=(400, 401, 403, 408, 413, 415),
    )

    remove = forward(
        "DELETE",
        "/me",
        body=DeleteAccount,
        changes_account=True,
        summary="Delete the account and everything it owns",
        operation_id="delete_account",
        problems=(400, 401, 403, 408, 409, 413, 415),
    )

    change_password = forward(
        "POST",
        "/password/change",
        body=ChangePassword,
        changes_account=True,
        status_code=204,
        summary="Change the password and end all other sessions",
        operation_id="change_password",
        problems=(400, 401, 403, 408, 413, 415, 422),
    )
