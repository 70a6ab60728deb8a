"""Fresh proofs of a session."""

from litestar import Controller

from gateway.identity.auth_guard import limited
from gateway.limits.rate_limit import Rate
from gateway.openapi.problem_responses import NO_STORE
from gateway.pass_through import forward
from shared.contracts.factors import GiveProof
from shared.contracts.webauthn import RequestOptions
from shared.identity.scopes import open_without_factor


class ProofController(Controller):
    """The call that checks a password or a second factor has the rate limit of logins."""

    path = "/v1/auth/proof"
    opt = open_without_factor()
    tags = ["accounts"]  # noqa: RUF012 - Litestar's own form
    cache_control = NO_STORE

    prove = forward(
        "POST",
        body=GiveProof,
        status_code=204,
        opt=limited(Rate.LOGIN),
        summary="Prove the session again, for sensitive calls within five minutes",
        operation_id="prove_session",
        problems=(400, 401, 403, 408, 413, 415),
    )

    options = forward(
        "POST",
        "/options",
        answer=RequestOptions,
        status_code=200,
        summary="Get the options to prove the session by a passkey in a browser",
        operation_id="proof_options",
        problems=(401, 403, 409),
    )
