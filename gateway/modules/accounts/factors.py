"""Second factors of the user's account."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.factors import (
    AddedPasskey,
    AddedTotp,
    ConfirmFactor,
    FactorList,
    NewPasskey,
    NewTotp,
    RecoveryCodes,
)
from shared.contracts.sessions import CurrentPassword
from shared.contracts.webauthn import CreationOptions
from shared.identity.scopes import open_without_factor


class FactorsController(Controller):
    """The call that checks a code has the rate limit of logins."""

    path = "/v1/auth/factors"
    opt = open_without_factor()
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    list_own = forward(
        "GET",
        answer=FactorList,
        summary="List your second factors",
        operation_id="list_factors",
        problems=(401, 403),
    )

    add_totp = forward(
        "POST",
        "/totp",
        body=NewTotp,
        body_default=None,
        answer=AddedTotp,
        idempotent=True,
        summary="Add an authenticator app, which counts once it is confirmed; needs a fresh proof",
        operation_id="add_totp",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )

    confirm = forward(
        "POST",
        "/{factor_id:str}/confirm",
        body=ConfirmFactor,
        answer=RecoveryCodes,
        changes_account=True,
        status_code=200,
        opt=limited(Rate.LOGIN),
        summary="Confirm an authenticator app by its first code; needs a fresh proof",
        operation_id="confirm_factor",
        problems=(400, 401, 403, 404, 408, 409, 413, 415),
    )

    remove = forward(
        "DELETE",
        "/{factor_id:str}",
        body=CurrentPassword,
        body_default=None,
        changes_account=True,
        summary="Remove a second factor; needs a fresh proof",
        operation_id="remove_factor",
        problems=(400, 401, 403, 404, 408, 413, 415),
    )

    renew_recovery_codes = forward(
        "POST",
        "/recovery-codes",
        body=CurrentPassword,
        body_default=None,
        answer=RecoveryCodes,
        status_code=200,
        summary="Replace the recovery codes; needs a fresh proof",
        operation_id="renew_recovery_codes",
        problems=(400, 401, 403, 408, 409, 413, 415),
    )

    passkey_options = forward(
        "POST",
        "/passkeys/options",
        body=CurrentPassword,
        body_default=None,
        answer=CreationOptions,
        status_code=200,
        summary="Get the options to create a passkey in a browser; needs a fresh proof",
        operation_id="passkey_creation_options",
        problems=(400, 401, 403, 408, 409, 413, 415),
    )

    add_passkey = forward(
        "POST",
        "/passkeys",
        body=NewPasskey,
        answer=AddedPasskey,
        idempotent=True,
        changes_account=True,
        summary="Add the passkey that a browser has created; needs a fresh proof",
        operation_id="add_passkey",
        problems=(400, 401, 403, 408, 409, 413, 415, 422),
    )
